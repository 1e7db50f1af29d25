"""Files that editors send by a form without script."""
