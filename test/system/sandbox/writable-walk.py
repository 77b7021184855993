"""Prints every path that can be written from here: files that open for writing, directories that take an entry."""
import errno, os, stat, sys

# Packages of the system and of the project are many and all alike: some levels of them are enough.
DEPTHS = {'/usr': 3, '/sys': 5, '/proc': 6, '/opt': 3, '/root': 3, '/home': 3, '/tmp': 2}
probe = 'keel-walk-%d' % os.getpid()
deadline_entries = 200000


def takes_entry(path):
    made = os.path.join(path, probe)
    try:
        os.mkdir(made)
    except OSError:
        return False
    os.rmdir(made)
    return True


def opens(path, mode):
    # Opening a device or a pipe can have effects, and a link is judged where it leads.
    if not stat.S_ISREG(mode) and not (stat.S_ISCHR(mode) and os.path.dirname(path) in ('/dev', '/dev/pts')):
        return False
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY))
        return True
    except OSError:
        return False


def depth_of(path):
    top = '/' + path.split('/')[1]
    return DEPTHS.get(top, 4)


def walk(path, depth):
    global deadline_entries
    try:
        names = os.listdir(path)
    except OSError:
        return
    if takes_entry(path):
        print(path + '/')
    for name in names:
        inner = os.path.join(path, name)
        deadline_entries -= 1
        if deadline_entries < 0:
            sys.exit('too many entries')
        # Processes that are not of this command: what they show is judged by other tests.
        if path == '/proc' and name.isdigit() and int(name) != os.getpid():
            continue
        try:
            mode = os.lstat(inner).st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode):
            if depth < depth_of(inner):
                walk(inner, depth + 1)
        elif opens(inner, mode):
            print(inner)


walk('/', 0)
walk(os.getcwd(), 0)
