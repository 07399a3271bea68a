"""A plugin of protoc: messages, types and stubs as grpcio-tools makes them, with imports from inside of zsc_vault."""

import re
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2
from grpc_tools import protoc


def main():
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse()
    response.supported_features = plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    with tempfile.TemporaryDirectory() as folder:
        image, out = Path(folder, "image.binpb"), Path(folder, "out")
        out.mkdir()
        image.write_bytes(descriptor_pb2.FileDescriptorSet(file=request.proto_file).SerializeToString())
        kinds = [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
        code = protoc.main(["protoc", f"--descriptor_set_in={image}", *kinds, *request.file_to_generate])
        if code != 0:
            response.error = f"protoc ended with {code}"
        for path in sorted(out.rglob("*.py*")):
            text = re.sub(r"^from zsc\.", "from zsc_vault.gen.zsc.", path.read_text(), flags=re.MULTILINE)
            if not path.stem.endswith("_grpc") or "Stub" in text:
                response.file.add(name=str(path.relative_to(out)), content=text)
    sys.stdout.buffer.write(response.SerializeToString())


main()
