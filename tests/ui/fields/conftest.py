"""Every node is read once; what that brings along is not looked through again after each test."""

from __future__ import annotations

import gc

import pytest

from meshloom.graph_runtime.catalog import Catalog


@pytest.fixture(scope="session", autouse=True)
def everything_read(catalog: Catalog) -> None:
    for node_id in catalog:
        assert catalog.get(node_id) is not None, f"{node_id} cannot be read"
    gc.collect()
    gc.freeze()
