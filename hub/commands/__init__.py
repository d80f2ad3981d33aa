"""What an operator tells the hub by command, each kind of thing in its module."""
