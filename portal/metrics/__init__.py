"""What Prometheus may know of an installation: numbers, with labels from our own small sets.

No title, name, id, address or file name is ever a label.
"""
