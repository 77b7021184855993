/** Machines that filters can be made for. */
export type FilterArch = 'x64' | 'arm64';

/** Numbers of a system call on x86-64 and on arm64; null where a machine has no such call. */
type Numbers = readonly [x64: number, arm64: number | null];

/** By what they would let a command do; each refused whatever its arguments. */
const DENIED: Readonly<Record<string, Readonly<Record<string, Numbers>>>> = {
  'reach into other processes': {
    ptrace: [101, 117],
    process_vm_readv: [310, 270],
    process_vm_writev: [311, 271],
    pidfd_getfd: [438, 438],
  },
  'do system calls that no filter sees': {
    io_uring_setup: [425, 425],
    io_uring_enter: [426, 426],
    io_uring_register: [427, 427],
  },
  'attack or watch the kernel': {
    bpf: [321, 280],
    userfaultfd: [323, 282],
    perf_event_open: [298, 241],
    fanotify_init: [300, 262],
    modify_ldt: [154, null],
    uselib: [134, null],
    lookup_dcookie: [212, 18],
    nfsservctl: [180, 42],
  },
  "use the user's keys": { add_key: [248, 217], request_key: [249, 218], keyctl: [250, 219] },
  'open files past their path': { name_to_handle_at: [303, 264], open_by_handle_at: [304, 265] },
  'change what is mounted where': {
    mount: [165, 40],
    umount2: [166, 39],
    pivot_root: [155, 41],
    chroot: [161, 51],
    open_tree: [428, 428],
    move_mount: [429, 429],
    fsopen: [430, 430],
    fsconfig: [431, 431],
    fsmount: [432, 432],
    fspick: [433, 433],
    mount_setattr: [442, 442],
    open_tree_attr: [467, 467],
  },
  'enter or make namespaces': { unshare: [272, 97], setns: [308, 268] },
  'change the machine': {
    reboot: [169, 142],
    kexec_load: [246, 104],
    kexec_file_load: [320, 294],
    create_module: [174, null],
    init_module: [175, 105],
    finit_module: [313, 273],
    delete_module: [176, 106],
    swapon: [167, 224],
    swapoff: [168, 225],
    acct: [163, 89],
    quotactl: [179, 60],
    quotactl_fd: [443, 443],
    iopl: [172, null],
    ioperm: [173, null],
    vhangup: [153, 58],
    sethostname: [170, 161],
    setdomainname: [171, 162],
  },
  'set the clock': {
    settimeofday: [164, 170],
    clock_settime: [227, 112],
    clock_adjtime: [305, 266],
    adjtimex: [159, 171],
  },
};

/** Groups of calls that a filter refuses only where something else does not keep them harmless. */
const DENIED_ON_DEMAND = {
  /** Shared memory, semaphores and queues by number or name: they are the machine's, without a namespace of their own. */
  hostIpc: {
    shmget: [29, 194],
    shmat: [30, 196],
    shmctl: [31, 195],
    semget: [64, 190],
    semop: [65, 193],
    semctl: [66, 191],
    semtimedop: [220, 192],
    msgget: [68, 186],
    msgsnd: [69, 189],
    msgrcv: [70, 188],
    msgctl: [71, 187],
    mq_open: [240, 180],
    mq_unlink: [241, 181],
  },
  /** By path: what Landlock before its third version does not see. */
  truncate: { truncate: [76, 45] },
} as const satisfies Record<string, Readonly<Record<string, Numbers>>>;

export type DeniedOnDemand = keyof typeof DENIED_ON_DEMAND;

/** Calls that are let through or refused by their arguments. */
const JUDGED = {
  clone: [56, 220],
  clone3: [435, 435],
  ioctl: [16, 29],
  socket: [41, 198],
  socketpair: [53, 199],
  connect: [42, 203],
  bind: [49, 200],
  listen: [50, 201],
  accept: [43, 202],
  accept4: [288, 242],
  sendto: [44, 206],
} as const satisfies Record<string, readonly [number, number]>;

export type JudgedCall = keyof typeof JUDGED;

export function numberOf(call: JudgedCall, arch: FilterArch): number {
  return JUDGED[call][column(arch)];
}

/** The calls that are always refused on this machine, and those of the groups asked for. */
export function deniedNumbers(arch: FilterArch, also: readonly DeniedOnDemand[]): readonly number[] {
  const groups = [...Object.values(DENIED), ...also.map((name) => DENIED_ON_DEMAND[name])];
  const numbers = groups.flatMap((group) => Object.values<Numbers>(group).map((pair) => pair[column(arch)]));
  return numbers.filter((number) => number !== null);
}

function column(arch: FilterArch): 0 | 1 {
  return arch === 'x64' ? 0 : 1;
}
