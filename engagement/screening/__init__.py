"""Classifiers of comments, and the reading of disguised text.

``catalogue.open_screener`` opens a model by name and never fails at start; ``normalise.read`` undoes
disguise; ``embedded`` is the small model that ships with the package, ``training`` makes it, ``evaluation``
measures it.
"""
