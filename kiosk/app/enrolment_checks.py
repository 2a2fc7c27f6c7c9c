"""What stands behind `[enrolment]`: files that fit together, and a root that can be read."""

from kiosk.app.config_problems import shown
from kiosk.app.reading import Reading
from kiosk.app.sections import Enrolment

_SECTION = ("enrolment",)


def check_enrolment(reading: Reading) -> None:
    """Find a renewal that would write another file than the uplink reads."""
    section = reading.checked.get(_SECTION)
    if not isinstance(section, Enrolment) or section.server is None or reading.waits_for_code:
        return
    uplink = reading.checked.get(("uplink",))
    for name in ("cert_file", "key_file"):
        used = getattr(uplink, name, None)
        if used is not None and str(used) != str(section.key_file):
            reading.complain(
                ("uplink", name),
                f"is another file than enrolment.key_file, which is renewed; write "
                f'{name} = "{section.key_file}"',
                shown(str(used)),
            )
    # Loaded here and not above: the eye reads its settings by the same modules.
    from kiosk.enrolment.keys import certificates_in  # noqa: PLC0415 - see above
    from kiosk.errors import EnrolmentError  # noqa: PLC0415 - see above

    try:
        certificates_in(section.ca_file.read_bytes())
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except EnrolmentError as error:
        why = str(error)
    else:
        return
    fix = "it must hold the fleet's root certificate, root.pem of kiosk-provision ca init"
    reading.complain((*_SECTION, "ca_file"), f"{why}; {fix}", shown(str(section.ca_file)))
