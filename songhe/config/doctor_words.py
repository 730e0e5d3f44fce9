"""What `songhe doctor` says: each finding in English and in Chinese, what it is and what to do."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "python": (
        "Python {version} is in use; Songhe needs 3.11 or 3.12. Install one of them and make the "
        "environment again.",
        "当前 Python 为 {version}，松鹤需要 3.11 或 3.12。请安装后重新建立运行环境。",
    ),
    "python-ok": ("Python {version}.", "Python {version}。"),
    "state-unwritable": (
        "The state folder {state} cannot be written by this account. Start as its owner "
        "({owner}), or choose another folder with SONGHE_STATE.",
        "当前账户不能写入状态目录 {state}。请用它的所有者（{owner}）启动，"
        "或用 SONGHE_STATE 另选目录。",
    ),
    "state-ok": ("State folder {state}.", "状态目录 {state}。"),
    "state-missing": (
        "State folder {state} does not exist yet; the first start makes it.",
        "状态目录 {state} 尚不存在，第一次启动时会建立。",
    ),
    "state-mode": (
        "Others on this machine can read the state folder {state} (mode {mode}). Close it: "
        "chmod 700 {state}",
        "本机其他用户可以读取状态目录 {state}（权限 {mode}）。请收紧：chmod 700 {state}",
    ),
    "disk-full": (
        "Only {free_mb} MB are free on the disk of {folder}. Free at least {need_mb} MB: old logs "
        "and backups first.",
        "{folder} 所在磁盘只剩 {free_mb} MB。请至少腾出 {need_mb} MB，可先清理旧日志和旧备份。",
    ),
    "disk-ok": ("{free_mb} MB free on the disk of {folder}.", "{folder} 磁盘剩余 {free_mb} MB。"),
    "port-taken": (
        "Port {port} ({use}) is in use{by}. Stop that program, or start with --port N.",
        "端口 {port}（{use}）已被占用{by}。请停止该程序，或用 --port N 换一组端口。",
    ),
    "ports-ok": ("Ports {first} to {last} are free.", "端口 {first} 至 {last} 可用。"),
    "running": (
        "Songhe runs here (process {pid}, port {port}).",
        "松鹤正在运行（进程 {pid}，端口 {port}）。",
    ),
    "left-behind": (
        "Songhe was killed here and did not stop cleanly. The next start repairs this by itself.",
        "上次松鹤被强行终止，没有正常停止。下次启动会自动修复。",
    ),
    "key-mode": (
        "The key file {file} can be read by others (mode {mode}). Close it: chmod 600 {file}",
        "其他用户可以读取密钥文件 {file}（权限 {mode}）。请收紧：chmod 600 {file}",
    ),
    "key-short": (
        "The key file {file} is cut short. Bring it back from a backup (songhe restore); without "
        "the right key, protected fields cannot be opened.",
        "密钥文件 {file} 不完整。请从备份恢复（songhe restore）；"
        "没有正确的密钥，加密字段无法打开。",
    ),
    "key-ok": ("The keys are in order.", "密钥正常。"),
    "locale": (
        "This system has no UTF-8 locale, so the database could not search Chinese names. Install "
        "one (Debian: apt-get install locales-all).",
        "系统没有 UTF-8 语言环境，数据库将无法检索中文姓名。"
        "请安装（Debian：apt-get install locales-all）。",
    ),
    "locale-ok": ("The locale {name} carries Chinese.", "语言环境 {name} 支持中文。"),
    "data-version": (
        "The data in {data} was made by PostgreSQL {found}, this install has {wanted}. Make a "
        "backup with the old install, move the folder away, restore here.",
        "{data} 中的数据由 PostgreSQL {found} 建立，当前版本为 {wanted}。"
        "请用旧版本备份，移走该目录，再在此恢复。",
    ),
    "data-owner": (
        "The data in {data} belongs to account number {owner}, the database would run as number "
        "{wanted}. Start as the account that made it, or: chown -R {wanted} {data}",
        "{data} 属于账户 {owner}，而数据库将以账户 {wanted} 运行。"
        "请用原账户启动，或执行：chown -R {wanted} {data}",
    ),
    "data-keyless": (
        "An older database stands in {home}, but its state folder {state} is new. The next start "
        "sets the old one aside; restore a backup, or bring the old state folder back first.",
        "{home} 中有旧数据库，但状态目录 {state} 是新的。下次启动会把旧库移到一旁；"
        "如需旧数据，请先恢复备份或放回原来的状态目录。",
    ),
    "data-none": (
        "No database yet; the first start makes it.",
        "尚无数据库，第一次启动时会建立。",
    ),
    "data-ok": ("The database folder {data} is in order.", "数据库目录 {data} 正常。"),
    "left-over": (
        "{folder} ({size_mb} MB) is the database of an install that is gone. When nobody needs it: "
        "rm -r {folder}",
        "{folder}（{size_mb} MB）是已不存在的安装留下的数据库。"
        "确认不再需要后可删除：rm -r {folder}",
    ),
    "database-away": (
        "The database does not answer: {why}. Check SONGHE_DATABASE_URL, or start Songhe.",
        "数据库没有回应：{why}。请检查 SONGHE_DATABASE_URL，或启动松鹤。",
    ),
    "database-old": (
        "The database is PostgreSQL {found}; Songhe needs 15 or newer.",
        "数据库为 PostgreSQL {found}，松鹤需要 15 或更新版本。",
    ),
    "ctype": (
        "The database's ctype {ctype} cannot search Chinese. Make a backup, make the database "
        "anew with a UTF-8 ctype (such as C.UTF-8), restore.",
        "数据库的字符类型 {ctype} 不能检索中文。"
        "请备份后用 UTF-8 字符类型（如 C.UTF-8）重建并恢复。",
    ),
    "extension": (
        "The database lacks the extension {name}. As its administrator: CREATE EXTENSION {name};",
        "数据库缺少扩展 {name}。请以管理员执行：CREATE EXTENSION {name};",
    ),
    "clock-database": (
        "Our clock and the database's differ by {seconds} s. Set both by NTP: alarms depend on it.",
        "本机与数据库的时钟相差 {seconds} 秒。请用 NTP 校时，报警依赖准确时间。",
    ),
    "clock-wrong": (
        "This machine's clock says {now}, which is before this version was made. Set it by NTP.",
        "本机时钟显示 {now}，早于本版本发布时间。请用 NTP 校时。",
    ),
    "clock-ok": ("The clock is plausible.", "时钟正常。"),
    "migrations": (
        "{count} changes of the tables are pending. Run: songhe migrate (songhe up does it too).",
        "有 {count} 项数据表变更尚未执行。请运行 songhe migrate（songhe up 也会自动执行）。",
    ),
    "migrations-ok": ("The tables are up to date.", "数据表已是最新。"),
    "platform": ("Platform: {name}. {todo}", "平台：{name}。{todo}"),
    "platform-ok": (
        "Every figure of the platform was within its limit at {time}.",
        "{time} 测得：平台各项数据均在限内。",
    ),
    "watch-silent": (
        "Nothing watches the platform now (last sample: {last}). While Songhe should run: "
        "the jobs process is down; read its last lines in the log.",
        "目前没有程序在监视平台（最近一次采样：{last}）。"
        "若松鹤应在运行，则任务进程已停止，请查看日志中它的最后几行。",
    ),
    "database-asleep": (
        "The database is not running; its tables and clock were not looked at.",
        "数据库未运行，未检查数据表与时钟。",
    ),
    "browser": (
        "For tests only: no browser was found. Debian: apt-get install chromium",
        "仅测试需要：没有找到浏览器。Debian：apt-get install chromium",
    ),
    "font": (
        "For tests and screenshots only: no Chinese font. Debian: apt-get install fonts-noto-cjk",
        "仅测试与截图需要：没有中文字体。Debian：apt-get install fonts-noto-cjk",
    ),
    "tests-ok": ("A browser and a Chinese font are here.", "浏览器与中文字体齐备。"),
    "verdict-well": ("All is well.", "一切正常。"),
    "verdict-mend": ("{count} to mend.", "有 {count} 项需要处理。"),
}


def words(key: str, language: str, **values: object) -> str:
    """Return a sentence in `zh` or `en`."""
    english, chinese = WORDS[key]
    return (chinese if language == "zh" else english).format(**values)
