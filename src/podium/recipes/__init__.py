"""What the built-in builder knows: families of models by kind of data, and the catalog that joins them."""
