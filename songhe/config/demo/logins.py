"""Who signs in to the demo: logins and roles, without a database."""

from __future__ import annotations

from dataclasses import dataclass

from songhe.config.demo import places

COUNTY = places.COUNTY.code
TOWN = places.TOWNS[0].code


@dataclass(frozen=True, slots=True)
class Login:
    """One of the cast. works_at names an organisation of `cast.Institutions`; "" works nowhere.

    sees_chen: the classes of fields that Grandma Chen's consent opens. phone: signs in by a code.
    """

    login: str
    name: str
    title: str
    en: str
    role: str = ""
    region: str = COUNTY
    works_at: str = ""
    is_leader: bool = False
    sees_chen: tuple[str, ...] = ()
    phone: str = ""


LOGINS = (
    Login("sun", "小孙", "值班员", "desk operator", "operator", works_at="centre"),
    Login(
        "leader",
        "带班主任",
        "带班主任",
        "shift leader",
        "shift_leader",
        works_at="centre",
        is_leader=True,
    ),
    Login(
        "zhao",
        "赵医生",
        "全科医生",
        "doctor at the township hospital",
        "clinician",
        TOWN,
        "hospital",
        is_leader=True,
    ),
    Login(
        "liu",
        "小刘",
        "护理员",
        "care worker",
        "worker",
        works_at="centre",
        sees_chen=("identity", "contact", "home"),
    ),
    Login(
        "manager",
        "周经理",
        "服务机构管理员",
        "provider manager",
        "provider_manager",
        works_at="centre",
    ),
    Login("qian", "小钱", "监管人员", "regulator", "regulator", works_at="bureau"),
    Login(
        "keeper", "设备管理员", "设备管理员", "device keeper", "device_keeper", works_at="centre"
    ),
    Login("admin", "县管理员", "县管理员", "county administrator", "admin", works_at="bureau"),
    Login(
        "engineer",
        "平台工程师",
        "平台工程师",
        "platform engineer",
        "engineer",
        works_at="bureau",
        is_leader=True,
    ),
    Login("registrar", "登记员", "登记员", "registrar", "registrar", works_at="bureau"),
    Login("auditor", "审计员", "审计员", "auditor", "auditor", works_at="bureau"),
    Login(
        "officer",
        "信息保护负责人",
        "个人信息保护负责人",
        "data protection officer",
        "privacy_officer",
        works_at="bureau",
    ),
    Login(
        "chenwei",
        "陈伟",
        "儿子",
        "son of Grandma Chen",
        "family",
        sees_chen=("identity", "health", "home", "finance"),
        phone="15400000301",
    ),
    Login(
        "chenxiulan",
        "陈秀兰",
        "本人",
        "Grandma Chen herself",
        "elder",
        sees_chen=("identity", "contact", "health", "home", "location", "devices", "finance"),
        phone="15400000302",
    ),
    Login("wu", "小吴", "无权限", "may see nothing"),
    Login("clerk", "邵会计", "经费审核员", "fund clerk", "payer", works_at="bureau"),
    Login(
        "insurer",
        "华审核",
        "长护险审核员",
        "checks for the care insurance",
        "payer",
        works_at="insurance",
    ),
)
