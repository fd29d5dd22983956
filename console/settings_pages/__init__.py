"""The quiet pages: one's own sessions and password, people, the number, deliveries, doubts."""

from litestar.handlers import HTTPRouteHandler

from console.settings_pages import (
    dead_letters,
    factor,
    hours,
    language,
    own,
    people,
    portfolio_rules,
    retention,
    reviews,
    routing,
    rules,
    tags,
    targets,
)

routes: list[HTTPRouteHandler] = [
    *own.routes,
    *language.routes,
    *factor.routes,
    *rules.routes,
    *people.routes,
    *dead_letters.routes,
    *reviews.routes,
    *tags.routes,
    *portfolio_rules.routes,
    *hours.routes,
    *routing.routes,
    *targets.routes,
    *retention.routes,
]
