/* SPDX-License-Identifier: MIT */
#include "page.h"

#include "show.h"
#include "show_json.h"

#define PAGE_BYTES 65536

struct page {
	struct cli *c;
	const struct opts *o;
	struct buf text;
	struct show_names names;
	bool any; /* a descriptor was shown */
};

static void begin(struct page *p, pid_t pid, const struct facts *f)
{
	p->names.colour = p->o->colour;
	if (p->o->json) {
		json_begin(&p->text, pid, f);
		return;
	}
	show_header(&p->text, pid, &f->command, p->o->colour);
	show_limit(&p->text, f);
}

static void add(struct page *p, const struct facts *f, const struct desc *d)
{
	if (p->o->json) {
		if (p->any)
			buf_chr(&p->text, ',');
		json_desc(&p->text, f, d, &p->names, p->o->first_line);
	} else {
		show_desc(&p->text, f, d, &p->names, p->o->first_line);
	}
	p->any = true;
	if (p->text.len >= PAGE_BYTES)
		cli_write(p->c, &p->text);
}

static void end(struct page *p)
{
	if (p->o->json)
		json_end(&p->text);
	cli_write(p->c, &p->text);
	buf_free(&p->text);
	show_names_free(&p->names);
}

void page_show(struct cli *c, const struct opts *o, pid_t pid, const struct facts *f)
{
	struct page p = {.c = c, .o = o};

	begin(&p, pid, f);
	for (size_t i = 0; i < f->ndesc; i++)
		add(&p, f, &f->desc[i]);
	end(&p);
}

void page_show_differences(struct cli *c, const struct opts *o, pid_t pid, const struct facts *f,
	const struct difference *list, size_t n)
{
	struct page p = {.c = c, .o = o};

	begin(&p, pid, f);
	for (size_t i = 0; i < n; i++)
		add(&p, list[i].facts, list[i].desc);
	end(&p);
}

void page_show_system_process(
	struct cli *c, const struct opts *o, pid_t pid, const struct buf *command)
{
	struct buf page = {0};

	if (o->json) {
		json_system_process(&page, pid, command);
	} else {
		show_header(&page, pid, command, o->colour);
		buf_str(&page, "  [system process]\n");
	}
	cli_write(c, &page);
	buf_free(&page);
}
