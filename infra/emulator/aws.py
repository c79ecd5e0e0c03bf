"""Asks AWS whatever a line of standard input says and answers in a line of JSON, for infra/emulator/aws.ts."""

import json
import sys

from botocore import xform_name
from botocore.session import Session

session = Session()
clients = {}
for line in sys.stdin:
    request = json.loads(line)
    try:
        service = request["service"]
        if service not in clients:
            clients[service] = session.create_client(service)
        client, operation = clients[service], xform_name(request["operation"])
        # All pages of what comes in pages.
        if client.can_paginate(operation):
            answer = client.get_paginator(operation).paginate(**request["input"]).build_full_result()
        else:
            answer = getattr(client, operation)(**request["input"])
        answer.pop("ResponseMetadata", None)
        reply = {"answer": answer}
    except Exception as error:  # Whatever it is, it is what the caller wants to know.
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply, default=str), flush=True)
