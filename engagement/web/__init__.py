"""Doors over HTTP: translate in, call one service function, translate out; none decides."""
