"""The packages of the extra ``serve``, imported here and nowhere else."""

from ner.errors import MissingExtra

try:
    from fastapi import FastAPI, Request, Response
    from fastapi.middleware.cors import CORSMiddleware
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector
    from pydantic import BaseModel, ConfigDict, Field, ValidationError
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from uvicorn import Config as ServerConfig
    from uvicorn import Server
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
except ImportError as error:
    wanted = "'fastapi>=0.115' 'httptools>=0.6' 'prometheus-client>=0.20' 'uvicorn>=0.30' uvloop"
    raise MissingExtra(
        f"ner serve and ner review need packages ({error.name} is missing): pip install {wanted}"
    ) from None

__all__ = [
    "ASGIApp", "BaseModel", "CORSMiddleware", "ClientDisconnect", "CollectorRegistry",
    "ConfigDict", "Counter", "FastAPI", "Field", "Gauge", "HTTPException", "Histogram",
    "HttpToolsProtocol", "Message", "MultiProcessCollector", "Receive", "Request", "Response",
    "Scope", "Send", "Server", "ServerConfig", "ValidationError", "generate_latest",
]  # fmt: skip
