import pandas as pd
from sklearn.model_selection import train_test_split

flowers = pd.read_csv("flowers.csv")
train, test = train_test_split(flowers, test_size=0.3, random_state=0, stratify=flowers["species"])
train.to_csv("train.csv", index=False)
test.to_csv("test.csv", index=False)
