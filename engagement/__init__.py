"""Comment moderation and reader engagement for one blog or many.

Rooms, from the top: ``app`` wires; ``web``, ``cli`` and ``worker`` are doors; ``services`` hold what people do;
``storage``, ``screening`` and ``mail`` are equipment; ``settings``, ``language`` and ``markup`` are tools of the
house; ``domain`` holds words and decisions.
"""

__version__ = "0.1.0"
