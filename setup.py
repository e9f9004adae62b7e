"""Package iris_ml as settings.ini describes it; nothing but setuptools is needed to build."""

from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

config = ConfigParser(delimiters=["="])
config.read(Path(__file__).with_name("settings.ini"), encoding="utf-8")
settings = config["DEFAULT"]

suffix = "_requirements"
extras = {key.removesuffix(suffix): settings[key].split() for key in settings if key.endswith(suffix)}
extras["dev"] = sorted({requirement for extra in extras.values() for requirement in extra})
minor_versions = [f"3.{minor}" for minor in range(int(settings["min_python"].split(".")[1]), 14)]

setup(
    name=settings["lib_name"],
    version=settings["version"],
    description=settings["description"],
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=settings["author"],
    url=settings["git_url"],
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=settings["keywords"].split(),
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Natural Language :: English",
        "Topic :: Scientific/Engineering",
        *(f"Programming Language :: Python :: {version}" for version in ["3", *minor_versions]),
    ],
    packages=find_packages(include=[settings["lib_path"], f"{settings['lib_path']}.*"]),
    package_data={settings["lib_path"]: ["data/*", *(f"template/files/{each}" for each in ("**/*", ".*", ".*/**/*"))]},
    python_requires=f">={settings['min_python']}",
    install_requires=settings["requirements"].split(),
    extras_require=extras,
    entry_points={
        "console_scripts": [settings["console_scripts"]],
        "nbdev": [f"{settings['lib_path']}={settings['lib_path']}._modidx:d"],
    },
    zip_safe=False,
)
