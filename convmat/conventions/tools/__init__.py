"""The rows of the dictionary, one file a family of tools, and the parts that rows are made of."""
