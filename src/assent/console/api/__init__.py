"""The HTTP interface: what requirements ask of it, under exactly those paths, each answer a declared form."""

from fastapi import APIRouter

from assent.console.api import acts, health, metrics, reads, records


def routers() -> tuple[APIRouter, ...]:
    """All of it."""
    return (health.router, reads.router, metrics.router, records.router, acts.router)
