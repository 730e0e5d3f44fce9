"""The divisions of the demo county: codes that GB/T 2260 does not use, on an invented grid."""

from __future__ import annotations

from songhe.config.demo.model import Place

# 99 is no province of GB/T 2260; 9901 and 990121 exist in no edition of it. The grid lies on open
# land of the Weibei plateau; no street, village or institution here is a real one.
PROVINCE = Place("99", "测试省", "Test province", 35.20, 108.30)
CITY = Place("9901", "测试市", "Test city", 35.20, 108.30)
COUNTY = Place("990121", "松鹤示范县", "Songhe demonstration county", 35.20, 108.30)

TOWNS = (
    Place("990121001", "云岭镇", "Yunling town", 35.200, 108.300),
    Place("990121002", "青溪镇", "Qingxi town", 35.245, 108.360),
    Place("990121003", "松坪镇", "Songping town", 35.155, 108.355),
)
COMMUNITIES = (
    Place("990121001001", "桂花里", "Guihuali", 35.2005, 108.2985),
    Place("990121001002", "东关", "Dongguan", 35.2012, 108.3052),
    Place("990121001003", "南桥社区", "Nanqiao", 35.1958, 108.3010),
    Place("990121001101", "望河村", "Wanghe village", 35.2110, 108.2890, is_village=True),
    Place("990121002001", "柳湾社区", "Liuwan", 35.2446, 108.3598),
    Place("990121002002", "清泉社区", "Qingquan", 35.2462, 108.3655),
    Place("990121002101", "石桥村", "Shiqiao village", 35.2560, 108.3510, is_village=True),
    Place("990121002102", "北坡村", "Beipo village", 35.2618, 108.3702, is_village=True),
    Place("990121003001", "松坪社区", "Songping", 35.1552, 108.3546),
    Place("990121003101", "梨园村", "Liyuan village", 35.1470, 108.3420, is_village=True),
    Place("990121003102", "白塔村", "Baita village", 35.1432, 108.3660, is_village=True),
    Place("990121003103", "山口村", "Shankou village", 35.1650, 108.3762, is_village=True),
)
GUIHUALI, DONGGUAN, NANQIAO, WANGHE = COMMUNITIES[:4]


def town_of(community: Place) -> Place:
    """Return the town of a community."""
    return next(town for town in TOWNS if community.code.startswith(town.code))
