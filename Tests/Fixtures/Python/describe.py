"""Writes what protoc says of each FOLDER/*.proto to FOLDER/*.binpb: a FileDescriptorSet with imports."""
import pathlib
import sys

import grpc_tools
from grpc_tools import protoc

folder = pathlib.Path(sys.argv[1])
google = pathlib.Path(grpc_tools.__file__).parent / "_proto"
for file in sorted(folder.glob("*.proto")):
    status = protoc.main(
        ["protoc", f"-I{folder}", f"-I{google}", "--include_imports", "--include_source_info",
         f"--descriptor_set_out={file.with_suffix('.binpb')}", str(file)])
    if status != 0:
        sys.exit(f"{file}: protoc ended with {status}")
