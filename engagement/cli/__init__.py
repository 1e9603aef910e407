"""Commands, a file per noun: read arguments, call one service, print."""
