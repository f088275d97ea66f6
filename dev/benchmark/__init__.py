"""How fast it is: every work is run in processes of its own, and checked before its speed is told."""
