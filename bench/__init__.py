"""How fast iris_ml is beside other tools: `make bench`. It measures and prints; it decides nothing."""
