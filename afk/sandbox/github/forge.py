"""Put the parts of one simulated GitHub together."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from afk.sandbox.github.access import Access
from afk.sandbox.github.checks import Checks
from afk.sandbox.github.graphql.faults import GraphqlFaults
from afk.sandbox.github.limits import Limits
from afk.sandbox.github.tracker import Tracker
from afk.sandbox.github.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class Forge:
    """What REST, GraphQL and the verbs of a story share.

    The switches choose between answers that nobody could confirm; each starts with the one that is harder to live with.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.world = World(clock)
        self.access = Access(self.world)
        self.tracker = Tracker(self.world)
        self.checks = Checks(self.world)
        self.limits = Limits(self.world)
        self.graphql_faults = GraphqlFaults()
        self.url = ""
        self.request_ids = count(0x1000)
        self.private_strangers_are_404 = True  # the permission of a non-collaborator; False: 200 with `none`
        self.installations_read_user = False  # GET /user with an installation token; False: 403
        self.largest_tree = 100_000  # entries; the rest is cut
        self.rate_limit_type = "RATE_LIMIT"  # older answers say RATE_LIMITED
