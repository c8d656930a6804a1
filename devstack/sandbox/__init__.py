"""A local stand-in for the messaging providers: their wire shapes, a ledger, and faults on demand.

- ``provider.Sandbox`` is the core: in-process, thread-safe, no sockets.
- ``server.SandboxServer`` and ``python -m devstack.sandbox`` put it behind real HTTP.
- ``gohighlevel`` holds the shapes of one provider; a further provider is one more such file.
"""
