"""How long a ring stands still when a member dies: ours, and the peers it is measured against."""
