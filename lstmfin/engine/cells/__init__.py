"""Recurrent cells, one file each: a cell is its equations."""
