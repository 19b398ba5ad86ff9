/* SPDX-License-Identifier: MIT */
/* x86_64 and i386: the registers of a diverted thread and the image of the code it runs. */
#include "ctl/machine.h"

#include <asm/unistd_64.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "base/err.h"

#define USER_CS     0x33
#define USER32_CS   0x23
#define X32_BIT     0x40000000u /* __X32_SYSCALL_BIT */
#define FLAG_TRAP   0x100
#define FLAG_DIR    0x400
#define FLAG_OF_BIT 11
#define OPCODE_CLD  0xfc
#define OPCODE_STD  0xfd
#define MODRM_NEAR  0x25 /* jmp *rip-relative */
#define MODRM_FAR   0x2d /* ljmp *rip-relative: offset 32, selector 16 */

/* include/linux/errno.h of the kernel: never seen by user space, but by ptrace. */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514, ERESTART_BLOCK = 516 };

extern const unsigned char cave_code[], cave_code_end[];
extern const unsigned char cave_magic[], cave_owner[], cave_clone[], cave_stamp[], cave_entry[];
extern const unsigned char cave_marked[], cave_unmap[], cave_home[], cave_direction[], cave_jump[],
	cave_jump_intr[];
extern const unsigned char cave_scratch[], cave_size[], cave_mask[], cave_flags[], cave_rip[],
	cave_rip_intr[], cave_rax_intr[], cave_regs[];

static size_t offset(const unsigned char *symbol)
{
	return (size_t)(symbol - cave_code);
}

static void put64(unsigned char *image, const unsigned char *symbol, uint64_t v)
{
	memcpy(image + offset(symbol), &v, sizeof v);
}

static void put32(unsigned char *image, const unsigned char *symbol, uint32_t v)
{
	memcpy(image + offset(symbol), &v, sizeof v);
}

size_t machine_code_size(void)
{
	return ((size_t)(cave_code_end - cave_code) + 15) & ~(size_t)15;
}

int machine_settle_mode(struct saved *s)
{
	if (s->regs.eflags & FLAG_TRAP)
		return ERR_STEPPED;
	s->narrow = s->regs.cs == USER32_CS;
	if (s->regs.cs != USER_CS && s->regs.cs != USER32_CS)
		return ERR_ABI;
	return 0;
}

/*
 * The number of a call alone does not say so: it stays in orig_rax while a handler is being entered,
 * where rip is the handler's. Only a call that is to start again, or says EINTR, is of interest.
 */
bool machine_in_call(const struct saved *s, uint64_t *insn)
{
	int64_t rax = (int64_t)s->regs.rax;

	*insn = s->regs.rip - 2;
	return (int64_t)s->regs.orig_rax >= 0 &&
		(rax == -EINTR || (rax >= -ERESTART_BLOCK && rax <= -ERESTARTSYS));
}

int machine_settle_insn(struct saved *s, const unsigned char insn[2])
{
	static const unsigned char syscall_insn[] = {0x0f, 0x05}, int80_insn[] = {0xcd, 0x80};

	s->int80 = !memcmp(insn, int80_insn, 2);
	if (s->int80 || (!s->narrow && !memcmp(insn, syscall_insn, 2)))
		return 0;
	return ERR_ABI;
}

bool machine_settle_eintr(struct saved *s, bool late)
{
	const struct user_regs_struct *r = &s->regs;
	const uint64_t arg64[6] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9};
	const uint64_t arg32[6] = {r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp};
	const uint64_t *arg = s->int80 ? arg32 : arg64;
	long nr = (long)r->orig_rax;

	if (nr < 0 || (int64_t)r->rax != -EINTR)
		return false;
	if (late ? machine_sleep_kind(s->int80, nr, arg) == SLEEP_BAD
		 : !machine_waits_forever(s->int80, nr, arg))
		return false;
	s->regs.rax = (uint64_t)-ERESTARTNOHAND;
	return true;
}

void machine_enter_again(struct saved *s)
{
	s->regs.rax = s->regs.orig_rax;
	s->regs.orig_rax = (uint64_t)-1; /* no call */
	s->regs.rip -= 2;                /* syscall, int $0x80 */
}

void machine_stand_before(struct saved *s, uint64_t nr)
{
	s->regs.rax = (uint64_t)-ERESTARTNOINTR;
	s->regs.orig_rax = nr;
	s->regs.rip += 2;
}

bool machine_stands_before(const struct saved *s)
{
	return (int64_t)s->regs.orig_rax >= 0 && (int64_t)s->regs.rax == -ERESTARTNOINTR;
}

/* rax and rip as they are if the call starts again, without the kernel's help. */
static void restarted(const struct saved *s, uint64_t *rax, uint64_t *rip)
{
	*rax = s->regs.rax;
	*rip = s->regs.rip;
	if ((int64_t)s->regs.orig_rax < 0)
		return;
	switch ((int64_t)s->regs.rax) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
		*rax = s->regs.orig_rax;
		*rip -= 2;
		break;
	case -ERESTART_BLOCK: *rax = s->int80 ? 0 : __NR_restart_syscall; *rip -= 2;
	}
}

/* The same if a handler ran meanwhile and the call has to say so. */
static void interrupted(const struct saved *s, uint64_t *rax, uint64_t *rip)
{
	int64_t r = (int64_t)s->regs.rax;

	restarted(s, rax, rip);
	if ((int64_t)s->regs.orig_rax < 0)
		return;
	if (r == -ERESTARTSYS || r == -ERESTARTNOHAND || r == -ERESTART_BLOCK) {
		*rax = (uint64_t)-EINTR;
		*rip = s->regs.rip;
	}
}

/* A near jump takes 64 bits; the far one of a 32-bit thread takes the offset and the selector. */
static uint64_t jump_target(const struct saved *s, uint64_t rip)
{
	return s->narrow ? (rip & 0xffffffff) | (uint64_t)USER32_CS << 32 : rip;
}

static void put_regs(unsigned char *image, const struct user_regs_struct *r, uint64_t rax)
{
	const uint64_t v[15] = {rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp, r->r8, r->r9,
		r->r10, r->r11, r->r12, r->r13, r->r14, r->r15};

	memcpy(image + offset(cave_regs), v, sizeof v);
}

void machine_code_image(unsigned char *image, const struct saved *s, const struct code_params *p)
{
	uint64_t flags = s->regs.eflags, rax, rip;

	memset(image, 0, machine_code_size());
	memcpy(image, cave_code, (size_t)(cave_code_end - cave_code));
	put32(image, cave_owner, (uint32_t)s->tid);
	put32(image, cave_clone, p->clone_flags);
	put64(image, cave_stamp, p->stamp);
	put64(image, cave_scratch, p->scratch);
	put64(image, cave_size, p->size);
	put64(image, cave_mask, s->mask);
	put32(image, cave_flags, (uint32_t)((flags >> FLAG_OF_BIT & 1) | (flags & 0xff) << 8));
	image[offset(cave_direction)] = flags & FLAG_DIR ? OPCODE_STD : OPCODE_CLD;
	interrupted(s, &rax, &rip);
	put64(image, cave_rax_intr, rax);
	put64(image, cave_rip_intr, jump_target(s, rip));
	restarted(s, &rax, &rip);
	put_regs(image, &s->regs, rax);
	put64(image, cave_rip, jump_target(s, rip));
	/* notrack (1 byte), opcode, modrm */
	image[offset(cave_jump) + 2] = s->narrow ? MODRM_FAR : MODRM_NEAR;
	image[offset(cave_jump_intr) + 2] = s->narrow ? MODRM_FAR : MODRM_NEAR;
}

void machine_enter(struct user_regs_struct *regs, const struct saved *s, uint64_t cave)
{
	*regs = s->regs;
	regs->rip = cave + offset(cave_entry);
	regs->cs = USER_CS;
	regs->orig_rax = (uint64_t)-1; /* no call to restart */
	regs->eflags &= ~(uint64_t)(FLAG_DIR | FLAG_TRAP);
}

void machine_enter_home(struct user_regs_struct *regs, const struct saved *s, uint64_t cave)
{
	machine_enter(regs, s, cave);
	regs->rip = cave + offset(cave_home);
}

void machine_enter_unmap(
	struct user_regs_struct *regs, const struct saved *s, uint64_t cave, uint64_t scratch)
{
	machine_enter(regs, s, cave);
	regs->rip = cave + offset(cave_unmap);
	regs->rbx = scratch;
	regs->rbp = 0;
}

uint64_t machine_pc(const struct user_regs_struct *regs)
{
	return regs->rip;
}

uint64_t machine_sp(const struct user_regs_struct *regs)
{
	return regs->rsp;
}

bool machine_is_away(const struct user_regs_struct *regs, uint64_t cave)
{
	/* At cave_home itself the hold has just been interrupted, or nothing of the way home is
	 * done. */
	return regs->rip >= cave && regs->rip <= cave + offset(cave_home);
}

bool machine_is_entering(const struct user_regs_struct *regs, uint64_t cave)
{
	return regs->rip >= cave && regs->rip < cave + offset(cave_marked);
}

int machine_map_error(const struct user_regs_struct *regs)
{
	int32_t e = (int32_t)regs->rbp;

	return e < 0 && e > -4096 ? e : 0;
}

bool machine_is_code(const unsigned char *image)
{
	return !memcmp(image, cave_magic, 8);
}

pid_t machine_code_owner(const unsigned char *image)
{
	pid_t tid;

	memcpy(&tid, image + offset(cave_owner), sizeof tid);
	return tid;
}

uint64_t machine_code_stamp(const unsigned char *image)
{
	uint64_t ns;

	memcpy(&ns, image + offset(cave_stamp), sizeof ns);
	return ns;
}

uint32_t machine_clone_flags(void)
{
	return CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
}
