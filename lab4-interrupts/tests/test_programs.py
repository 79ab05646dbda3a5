"""User programs from the initrd: what they write, and how they end.

