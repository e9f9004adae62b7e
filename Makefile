# One environment, .venv, serves every target. A file in it marks each finished part, so a second call goes straight
# to the work, and a call that was stopped half-way is taken up by the next.
PYTHON ?= python3
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test pages torture bench tables decisions docs lab new wheel lock clean

# The commands that a program starts (a notebook's kernel, Snakemake's shell) are the environment's own, too.
inside := PATH="$(CURDIR)/.venv/bin:$$PATH"
install = .venv/bin/uv pip install --python .venv/bin/python
compile = .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
    --annotation-style line --custom-compile-command 'make lock'

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s  %s\n", $$1, $$2 }' Makefile

run: .venv/run  ## install what production needs and run the workflow on the real data
	@$(inside) iris_ml run

# Where tests wait, mypy goes on. What it says comes last.
test: .venv/fonts  ## install the development tools too and check everything
	$(inside) ruff check .
	$(inside) codespell
	$(inside) mypy > .venv/types & types=$$!; \
	    $(inside) pytest --numprocesses auto --dist loadfile --no-loadscope-reorder; tests=$$?; \
	    wait $$types; types=$$?; cat .venv/types; test "$$types $$tests" = "0 0"

pages: .venv/fonts  ## run every notebook afresh and save what it shows
	$(inside) pytest --numprocesses auto --dist loadfile --save nbs

torture: .venv/dev  ## harm checkpoints, records and API in every way, at full length; ONLY=checkpoints, programs, records, forged, mutated, api, report, monitor, coverage, leakage, slices, promotion, surfaces, pages, merges, pipelines or mutants
	@$(inside) python -m torture $(ONLY)

# Each tool gets an environment in bench/.environments, once. ROUNDS=7 gives quieter medians.
bench: .venv/made  ## measure speed beside other tools; ONLY=processes, slow, steps, digests, exploration, records, batch, rows, compiled, wire or million
	@.venv/bin/python -m bench $(ONLY)

tables: .venv/made  ## take thirty tables from elsewhere through every command, and compare the default with what people begin with
	@.venv/bin/python -m bench tables

decisions: .venv/made  ## count how often five decisions err, beside other tools: leaks, coverage, monitoring, promotion and slices
	@.venv/bin/python -m bench decisions

docs: .venv/dev  ## build the site from the notebooks
	$(inside) sphinx-build --quiet --fail-on-warning --keep-going -c docs . _docs/html
	@echo "The site is built: _docs/html/index.html"

# Jupyter reads jupyter_server_config.py from this folder: it cleans and exports each notebook when it is saved. git
# reads .gitconfig: nbdime compares and merges notebooks cell by cell.
lab: .venv/dev  ## open the notebooks in JupyterLab; saving one exports it
	-git config --local include.path ../.gitconfig
	$(inside) JUPYTER_CONFIG_PATH="$(CURDIR)" jupyter lab

new: .venv/dev wheel  ## make a project of your own; NAME=../metals FROM=metals.csv TARGET=metal
	@test "$(NAME)" || { echo 'say which folder to make: make new NAME=../metals'; exit 2; }
	@$(inside) iris_ml new "$(NAME)" $(if $(FROM),--from "$(FROM)") $(if $(TARGET),--target "$(TARGET)")
	@echo "Its environment gets this library from dist/. So first: export UV_FIND_LINKS=\"$(CURDIR)/dist\""

wheel: .venv/made  ## build the wheel in dist/, from which a project of one's own can install the library
	rm -rf dist
	.venv/bin/uv build --quiet --wheel --no-build-isolation --python .venv/bin/python --out-dir dist

lock: .venv/made  ## renew every pinned version in requirements/
	printf 'setuptools>=77\nuv\n' | $(compile) --output-file requirements/bootstrap.txt -
	printf 'typer<0.28\n' | $(compile) --output-file requirements/run.txt setup.py -  # for openapi-python-client in dev
	$(compile) --output-file requirements/dev.txt --extra dev \
	    --constraint requirements/bootstrap.txt --constraint requirements/run.txt setup.py
	$(compile) --output-file requirements/services.txt $(addprefix --extra ,api app dask dossier excel fast mlflow postgres remote sql) \
	    --constraint requirements/dev.txt setup.py
	printf 'pandas\nscikit-learn\n' | $(compile) --constraint requirements/run.txt --output-file bench/requirements/plain.txt -
	printf 'pandas\npolars\npyarrow\nscikit-learn\n' | $(compile) --constraint requirements/run.txt --output-file bench/requirements/batch.txt -
	$(compile) --extra dask --constraint requirements/run.txt --output-file bench/requirements/cluster.txt setup.py
	for tool in apache-hamilton dvc snakemake; do printf "pandas\nscikit-learn\n$$tool\n" | \
	    $(compile) --constraint bench/requirements/plain.txt --output-file bench/requirements/$${tool#apache-}.txt - || exit 1; done
	$(compile) --output-file bench/requirements/wire/api.txt --extra api --extra fast --constraint requirements/run.txt setup.py
	printf 'plotly\nrdatasets\nskrub\nstatsmodels\nvega_datasets\n' | $(compile) --output-file bench/requirements/tables/tables.txt \
	    --extra api --constraint requirements/run.txt setup.py -
	printf 'crepes\nmapie\nmlflow-skinny\nskore\nsliceline\n' | $(compile) \
	    --output-file bench/requirements/decisions/decisions.txt --constraint requirements/run.txt setup.py -
	printf 'evidently\npandas<3\n' | $(compile) --output-file bench/requirements/decisions/evidently.txt -
	for tool in mlflow bentoml litserve; do printf "pandas\nscikit-learn\nsetuptools<81\n$$tool\n" | \
	    $(compile) --output-file bench/requirements/wire/$$tool.txt - || exit 1; done

clean:  ## remove the environment, the site and the tools' caches
	rm -rf .venv bench/.environments _docs build *.egg-info .pytest_cache .mypy_cache .ruff_cache

# `made` holds the folder's name: an environment's scripts hold it too, so one that was moved is made anew.
ifneq ($(shell .venv/bin/python -c '' 2>/dev/null && cat .venv/made),$(CURDIR))
.PHONY: .venv/made
endif
.venv/made: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "iris_ml needs Python 3.11 or newer, and '$(PYTHON)' is not: name one, as in: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "'$(PYTHON)' cannot make environments: install its venv package, on Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@echo "$(CURDIR)" > $@

# Of a package that was half installed when the last call stopped, uv sees no more than that it is there. Compiled once here,
# packages need not be compiled by each of the many short processes to come, where Python may not keep what it compiles.
.venv/run .venv/dev: .venv/%: requirements/%.txt .venv/made settings.ini setup.py
	@touch .venv/unfinished
	$(install) $(if $(wildcard .venv/unfinished),--reinstall) --compile-bytecode --require-hashes --requirements $<
	$(install) --no-deps --no-build-isolation --editable .
	@rm .venv/unfinished; touch $@

# Matplotlib lists the fonts of the machine once, and says so in the middle of whatever it is asked for.
.venv/fonts: .venv/dev
	@$(inside) python -c 'import matplotlib.font_manager' && touch $@
