"""What a fleet file says for onboarding: bootstrap keys and Wi-Fi, and what is wrong with them."""

from pathlib import Path

import pytest

from kiosk.onboarding.bootstrap import public_text
from provisioning.errors import ProvisioningError
from provisioning.fleet import fleet_file
from provisioning.fleet.fleet_file import Row
from tests.parts.onboarding_codes import bootstrap


def test_headings_of_a_vietnamese_table_are_read(tmp_path: Path) -> None:
    path = tmp_path / "fleet.csv"
    public = public_text(bootstrap().public_key())
    path.write_text(
        f"Địa điểm;Máy;Tên;Khóa máy;Wi-Fi;Mật khẩu Wi-Fi\nhk-1;door-1;;{public};Chợ;12345678\n"
    )
    assert fleet_file.read(path) == [Row("hk-1", "door-1", "", public, "Chợ", "12345678")]
    assert "12345678" not in repr(fleet_file.read(path))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("AAAAAAA,,", "line 2: no bootstrap key"),
        (",,12345678", "line 2: a Wi-Fi password, and no name"),
        (",Chợ,1234567", "line 2: Wi-Fi password"),
        (f",{'x' * 33},", "line 2: Wi-Fi name"),
    ],
)
def test_what_is_wrong_in_a_table_is_said_without_the_password(
    tmp_path: Path, line: str, said: str
) -> None:
    path = tmp_path / "fleet.csv"
    path.write_text(f"site,device,bootstrap,ssid,wifi password\na,b,{line}\n")
    with pytest.raises(ProvisioningError) as caught:
        fleet_file.read(path)
    assert said in str(caught.value)
    assert "1234567" not in str(caught.value)
