"""The private API as it was applied: which path leads to the function."""

from __future__ import annotations

from scripts.gateway_lib.door import Api
from scripts.rehearse_lib.errors import RehearsalError
from scripts.rehearse_lib.moto import Cloud


def applied(cloud: Cloud, function: str) -> Api:
    """Raises RehearsalError when the API does not lead exactly one path, by POST alone, to the function."""
    gateway = cloud.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    (stage,) = gateway.get_stages(restApiId=api["id"])["item"]
    led = []
    for one in gateway.get_resources(restApiId=api["id"])["items"]:
        for method in one.get("resourceMethods", {}):
            asked = gateway.get_integration(restApiId=api["id"], resourceId=one["id"], httpMethod=method)
            if f":{function}/" in asked.get("uri", ""):
                led.append((method, one["path"], asked["type"].upper()))
    if [(method, kind) for method, _, kind in led] != [("POST", "AWS_PROXY")]:
        raise RehearsalError(f"The private API leads to {function} by {led}, and not by one POST as a proxy.")
    return Api(api["id"], stage["stageName"], led[0][1])
