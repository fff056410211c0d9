"""What comes into the demo's warehouse: a delivery every Monday, and some weeks of summer in which the supplier sent nothing."""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars
from engine.sales.records import Product
from webapp.demo.company import PRODUCTS
from webapp.demo.world import World

STOPPED, CAME_AGAIN = timedelta(days=182), timedelta(days=126)
"""Before the end: between them nothing was delivered. Only a year is long enough to remember that."""
SOON = timedelta(days=14)
"""So long after the last delivery the first goods are missing."""

LEVELS = {sku: stock for sku, _, _, _, _, stock in PRODUCTS}


def receive(world: World, session: Session, at: datetime) -> None:
    """The week's delivery: what is free on the shelves is again as much as there was on the first day."""
    if world.until - STOPPED <= at < world.until - CAME_AGAIN:
        return
    for product in session.scalars(select(Product)):
        product.stock = max(product.stock, LEVELS.get(product.sku, 0) + product.reserved)


def is_short(world: World, day: date) -> bool:
    """Whether goods were missing on that day."""
    begun, over = (calendars.local_day(world.until - each) for each in (STOPPED - SOON, CAME_AGAIN))
    return begun <= day < over
