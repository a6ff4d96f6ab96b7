"""One kind of picture a file: its data, and how it is drawn."""
