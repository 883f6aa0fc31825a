"""Options of the encoder: what is made of the rows, whichever model reads it. The others are a model's own way of seeing."""

OF_TARGET = frozenset({"values", "smooth", "pairs"})  # options of target means: nothing without them
LAZY = frozenset({"knn"})  # models that learn nothing: what they take is predicting
OF_ROWS = OF_TARGET | {"target", "combos", "near", "clusters", "groups", "crosses", "sums"}
