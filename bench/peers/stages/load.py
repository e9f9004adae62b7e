from time import sleep

import pandas as pd

sleep(0)
pd.read_csv("iris.csv").to_csv("flowers.csv", index=False)
