"""A static site from what a workspace holds: an index of the watch-list, and a page a symbol."""
