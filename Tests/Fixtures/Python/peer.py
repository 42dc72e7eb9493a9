"""Does with Google's protobuf what the tests do with ours, and says what differs.

    peer.py FIXTURES.binpb values|wire|json < questions > answers

A question and its answer are one line of JSON each; bytes are hexadecimal.
"""
import json
import re
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

MESSAGE = 11
# Whole numbers that Python's json reads as floats, and so rounds.
INEXACT = re.compile(r'"?-?\d{10,}[.\d]*[eE.]|-?\d+\.\d*[eE]\d')


def load(path):
    """Returns a function from a full name to a message class."""
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as source:
        files.ParseFromString(source.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool, lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def hexadecimal(message):
    return message.SerializeToString(deterministic=True).hex()


def normalise(message):
    """Drops what our values do not keep: unknown fields, nanoseconds of times, a zero's sign."""
    message.DiscardUnknownFields()
    if message.DESCRIPTOR.full_name == "google.protobuf.Timestamp":
        message.nanos -= message.nanos % 1000
    for field, value in list(message.ListFields()):
        if field.type == MESSAGE:
            if field.message_type.GetOptions().map_entry:
                if field.message_type.fields_by_name["value"].type == MESSAGE:
                    for key in value:
                        normalise(value[key])
            elif field.is_repeated:
                for element in value:
                    normalise(element)
            else:
                normalise(value)
        elif not field.is_repeated and not field.containing_oneof and value == 0.0:
            message.ClearField(field.name)


def values(pool, kind, question):
    """A value of ours as bytes and as JSON: both must be the same message to Google's."""
    message = kind.FromString(bytes.fromhex(question["wire"]))
    parsed = json_format.Parse(question["json"], kind(), descriptor_pool=pool)
    if hexadecimal(message) != hexadecimal(parsed):
        return {"problem": "JSON and bytes differ: " + str(message) + " / " + str(parsed)}
    plain = json_format.MessageToJson(message, descriptor_pool=pool)
    other = json_format.MessageToJson(
        message,
        descriptor_pool=pool,
        preserving_proto_field_name=True,
        use_integers_for_enums=True,
        always_print_fields_with_no_presence=True,
        indent=None,
    )
    return {"wire": hexadecimal(message), "jsons": [plain, other]}


def wire(pool, kind, question):
    """Bytes that we took, and our encoding of what we read: the same message to Google's."""
    theirs = kind.FromString(bytes.fromhex(question["wire"]))
    normalise(theirs)
    ours = kind.FromString(bytes.fromhex(question["json"]))
    if hexadecimal(theirs) != hexadecimal(ours):
        return {"problem": "read otherwise: " + str(theirs) + " / " + str(ours)}
    return {}


def read_json(pool, kind, question):
    """JSON that we took, and our encoding of what we read: the same message to Google's, if it takes the JSON."""
    if INEXACT.search(question["json"]):
        return {}
    try:
        theirs = json_format.Parse(question["json"], kind(), descriptor_pool=pool)
    except Exception:  # It reads times and numbers in fewer ways than the JSON of proto3 has.
        return {}
    normalise(theirs)
    ours = kind.FromString(bytes.fromhex(question["wire"]))
    if hexadecimal(theirs) != hexadecimal(ours):
        return {"problem": "read otherwise: " + str(theirs) + " / " + str(ours)}
    return {"wire": hexadecimal(theirs)}


def main():
    pool, kind = load(sys.argv[1])
    answer = {"values": values, "wire": wire, "json": read_json}[sys.argv[2]]
    for line in sys.stdin:
        question = json.loads(line)
        try:
            result = answer(pool, kind(question["type"]), question)
        except Exception as error:  # Whatever Google's refuses is an answer.
            result = {"problem": type(error).__name__ + ": " + str(error)}
        print(json.dumps(result))


main()
