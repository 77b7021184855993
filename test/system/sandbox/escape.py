"""Tries ways out of a sandbox, and prints a line of JSON for each: what refused it, or that it got out.
Called as: escape.py OUTSIDE HOST_PID [NAME...]; no name means all, --list prints their names."""
import ctypes, json, os, resource, signal, socket, struct, sys, platform, fcntl, time

libc = ctypes.CDLL(None, use_errno=True)
outside, host = sys.argv[1], int(sys.argv[2])
X64 = platform.machine() == 'x86_64'
precious = os.path.join(outside, 'precious')


def call(number, *args):
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    if result < 0:
        raise OSError(ctypes.get_errno(), 'refused')
    return result


def nr(x64, arm64):
    return x64 if X64 else arm64


def symlink_race():
    end = time.time() + 1
    if os.fork() == 0:
        while time.time() < end:
            for target in ('inside', outside):
                os.symlink(target, 'link.new')
                os.rename('link.new', 'link')
        os._exit(0)
    while time.time() < end:
        try:
            with open('link/raced', 'w') as file:
                file.write('x')
        except OSError:
            pass
    if not os.path.exists(os.path.join(outside, 'raced')):
        raise OSError('refused')


def hard_link():
    os.link(precious, 'mine')
    open('mine', 'w').write('changed')


def rename_in():
    os.rename(precious, 'mine')


def rename_out():
    open('mine', 'w').write('x')
    os.rename('mine', os.path.join(outside, 'made'))


def proc_root():
    for pid in os.listdir('/proc'):
        if pid.isdigit():
            try:
                open('/proc/%s/root%s/made' % (pid, outside), 'w')
                return
            except OSError:
                pass
    raise OSError('refused')


def host_environ():
    open('/proc/%d/environ' % host).read(1) or fail()


def host_mem():
    open('/proc/%d/mem' % host, 'rb')


def signal_host():
    os.kill(host, 0)


def fail():
    raise OSError('refused')


def unix_connect(kind=socket.SOCK_STREAM):
    server = os.path.join(outside, 'socket')
    socket.socket(socket.AF_UNIX, kind).connect(server)


def abstract():
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect('\0keel-escape-%d' % host)


def pair_datagram():
    left, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.sendto(b'x', os.path.join(outside, 'socket'))


def interface_down():
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    # RTM_NEWLINK for the loopback, with NLM_F_REQUEST and NLM_F_ACK: IFF_UP is cleared.
    link.send(struct.pack('=IHHIIBxHiII', 32, 16, 5, 1, 0, 0, 0, 1, 0, 1))
    error = -struct.unpack_from('=i', link.recv(4096), 16)[0]
    if error != 0: raise OSError(error, os.strerror(error))


def tcp():
    socket.create_connection(('127.0.0.1', int(open(os.path.join(outside, 'port')).read())), 2)


def udp():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))


def setuid_gain():
    for program in ('/usr/bin/su', '/usr/bin/passwd', '/usr/bin/mount'):
        if os.path.exists(program) and os.stat(program).st_mode & 0o4000:
            status = open('/proc/self/status').read()
            if 'NoNewPrivs:\t1' in status:
                raise OSError('refused')
    status = open('/proc/self/status').read()
    if 'NoNewPrivs:\t1' in status:
        raise OSError('refused')


def capabilities():
    for line in open('/proc/self/status'):
        if line.startswith('CapEff') and int(line.split()[1], 16) != 0:
            return
    raise OSError('refused')


def tiocsti():
    fcntl.ioctl(0, 0x5412, b'x')


def tioclinux():
    fcntl.ioctl(0, 0x541C, b'\x02')


def whole_user():
    os.setpriority(os.PRIO_USER, 0, 5)
    if os.getpriority(os.PRIO_PROCESS, host) != 5:
        fail()


def interrupts():
    for root, _, names in os.walk('/proc/irq'):
        for entry in names:
            try:
                return open(os.path.join(root, entry), 'a')
            except OSError:
                pass
    fail()


def directory_descriptor():
    for fd in os.listdir('/proc/self/fd'):
        if int(fd) > 2 and os.path.isdir('/proc/self/fd/' + fd) and os.readlink('/proc/self/fd/' + fd)[:5] != '/proc':
            return
    fail()


attempts = {
    'write': lambda: open(os.path.join(outside, 'made'), 'w'),
    'truncate': lambda: os.truncate(precious, 0),
    'unlink': lambda: os.unlink(precious),
    'chmod': lambda: os.chmod(precious, 0o777),
    'utime': lambda: os.utime(precious, (1, 1)),
    'setxattr': lambda: os.setxattr(precious, 'user.keel', b'x'),
    'mkdir': lambda: os.mkdir(os.path.join(outside, 'made')),
    'symlink race': symlink_race,
    'hard link': hard_link,
    'rename in': rename_in,
    'rename out': rename_out,
    'proc root': proc_root,
    'host environ': host_environ,
    'host mem': host_mem,
    'signal host': signal_host,
    'ptrace': lambda: call(nr(101, 117), 0, 0, 0, 0),
    'process_vm_readv': lambda: call(nr(310, 270), os.getpid(), 0, 0, 0, 0, 0),
    'pidfd_getfd': lambda: call(438, 0, 0, 0),
    'mount': lambda: call(nr(165, 40), b'none', b'/tmp', b'tmpfs', 0, 0),
    'umount': lambda: call(nr(166, 39), b'/proc', 2),
    'remount': lambda: call(nr(165, 40), b'none', b'/', b'', 32 | 4096, 0),
    'fsopen': lambda: call(430, b'tmpfs', 0),
    'open_tree': lambda: call(428, -100, b'/', 1),
    'pivot_root': lambda: call(nr(155, 41), b'.', b'.'),
    'chroot': lambda: os.chroot('/'),
    'user namespace': lambda: call(nr(272, 97), 0x10000000),
    'clone user namespace': lambda: call(nr(56, 220), 0x10000000 | 17, 0, 0, 0, 0),
    'setns': lambda: call(nr(308, 268), os.open('/proc/self/ns/net', os.O_RDONLY), 0),
    'io_uring': lambda: call(425, 8, ctypes.create_string_buffer(256)),
    'bpf': lambda: call(nr(321, 280), 0, 0, 0),
    'userfaultfd': lambda: call(nr(323, 282), 0),
    'perf_event_open': lambda: call(nr(298, 241), 0, 0, -1, -1, 0),
    'add_key': lambda: call(nr(248, 217), b'user', b'keel', b'x', 1, -3),
    'open_by_handle_at': lambda: call(nr(304, 265), -100, 0, 0),
    'kexec': lambda: call(nr(246, 104), 0, 0, 0, 0),
    'module': lambda: call(nr(313, 273), -1, b'', 0),
    'settime': lambda: call(nr(164, 170), 0, 0),
    'unix socket': unix_connect,
    'unix datagram': lambda: unix_connect(socket.SOCK_DGRAM),
    'datagram pair': pair_datagram,
    'abstract socket': abstract,
    'tcp': tcp,
    'udp': udp,
    'raw socket': lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    'netlink': lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12),
    'interface': interface_down,
    'vsock': lambda: socket.socket(40, socket.SOCK_STREAM),
    'packet': lambda: socket.socket(17, socket.SOCK_RAW),
    'name look-up': lambda: socket.getaddrinfo('example.com', 80),
    'listen': lambda: socket.create_server(('127.0.0.1', 0)),
    'setuid': setuid_gain,
    'capabilities': capabilities,
    'kernel setting': lambda: open('/proc/sys/kernel/core_pattern', 'a'),
    'system request key': lambda: open('/proc/sysrq-trigger', 'a'),
    'interrupts': interrupts,
    'directory descriptor': directory_descriptor,
    'priority': lambda: os.setpriority(os.PRIO_PROCESS, host, 5),
    'priority of the user': whole_user,
    'io priority': lambda: call(nr(251, 30), 1, host, 2 << 13),
    'affinity': lambda: os.sched_setaffinity(host, os.sched_getaffinity(0)),
    'scheduler': lambda: os.sched_setscheduler(host, os.SCHED_BATCH, os.sched_param(0)),
    'limits': lambda: resource.prlimit(host, resource.RLIMIT_CORE, (0, 0)),
    'inode flags': lambda: fcntl.ioctl(os.open(precious, os.O_RDONLY), 0x40086602, struct.pack('L', 0x40)),
    'inode attributes': lambda: fcntl.ioctl(os.open(precious, os.O_RDONLY), 0x401C5820, bytes(28)),
    'TIOCSTI': tiocsti,
    'TIOCLINUX': tioclinux,
}



def try_out(name):
    """In a process of its own, so that none has what another did to itself."""
    child = os.fork()
    if child != 0:
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            report(name, 'ended by signal %d' % os.WTERMSIG(status))
        return
    # No way out may stop those behind it from being tried.
    signal.alarm(10)
    try:
        attempts[name]()
        report(name, 'OUT')
    except Exception as error:
        report(name, 'refused: %s' % error)
    os._exit(0)


def report(name, outcome):
    print(json.dumps({'name': name, 'outcome': outcome}), flush=True)


names = sys.argv[3:]
if names == ['--list']:
    print('\n'.join(attempts))
else:
    for name in names or attempts:
        try_out(name)
