"""When photos were taken: what cameras' clocks showed, and how wrong those clocks were."""
