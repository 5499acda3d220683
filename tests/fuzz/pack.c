/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the fuzzers' seeds out of what the tests have anyway: the corpus, the acceptance vectors, the
 * configs and registries of both, and a few texts. Hides what each fuzzer wants before the bytes.
 *   pack FOLDER: writes FOLDER/<fuzzer>/<number>
 */
#include "dhcpcodec/frame.h"
#include "registry/import.h"
#include "tests/build.h"
#include "tests/corpus.h"
#include "tests/exercise_packet.h"
#include "tests/vector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *folder;

static void write_seed(const char *fuzzer, const void *head, size_t head_len, const void *bytes, size_t n)
{
	static unsigned number;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, fuzzer);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%05u", folder, fuzzer, number++);
	f = fopen(path, "we");
	if (f == NULL || fwrite(head, 1, head_len, f) != head_len || fwrite(bytes, 1, n, f) != n ||
		fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void write_text(const char *fuzzer, const char *head, size_t head_len, const char *text)
{
	write_seed(fuzzer, head, head_len, text, strlen(text));
}

/* A DHCP message, for the codec and for the pipeline from either side. */
static void write_message(int family, const uint8_t *msg, size_t n, unsigned which)
{
	static const uint8_t script[] = { 9, 0x03, 0, 0, 0x20, 0, 1, 0x20, 3, 2 };
	uint8_t client = (uint8_t)(which % EXERCISE_RIGS), server = client | 16;

	write_seed(family == 4 ? "dhcp4" : "dhcp6", script, sizeof(script), msg, n);
	write_seed(family == 4 ? "pipeline4" : "pipeline6", &client, 1, msg, n);
	write_seed(family == 4 ? "pipeline4" : "pipeline6", &server, 1, msg, n);
}

/* For the keeper: a datagram that a worker edits, accepts, and leaves as long as it is. */
static void write_handback(const uint8_t *packet, size_t n)
{
	const uint8_t head[] = { 2, 0, 1, 0, 0, (uint8_t)(n >> 8), (uint8_t)n };

	/* The same dropped, with its whole in the first row of what is to be sent. */
	const uint8_t sent[] = { 8, 1, 0, 0, 0, 1, 0, 0, (uint8_t)(n >> 8), (uint8_t)n, 0, 0,
		(uint8_t)(n >> 8), (uint8_t)n };

	if (n >= 2048)
		return;
	write_seed("keeper", head, sizeof(head), packet, n);
	write_seed("keeper", sent, sizeof(sent), packet, n);
}

static void pack_corpus(int family)
{
	struct corpus *c = corpus_read(family);
	static struct build b;

	for (size_t i = 0; i < c->count; i++) {
		const struct corpus_message *m = &c->messages[i];

		if (m->len > 2000)
			continue;
		write_message(family, m->bytes, m->len, (unsigned)i);
		b.len = 0;
		if (family == 4)
			build_ip4(&b, "", 68, 67, m->bytes, m->len);
		else
			build_ip6(&b, 17, "", 546, 547, m->bytes, m->len);
		write_seed("frame", "", 0, b.b, b.len);
	}
	corpus_free(c);
}

static const char *fragment(void *ctx, const char *name)
{
	return vector_fragment(ctx, name);
}

static uint8_t subnet_id(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "reg") == 0 ? 1 : 2;
}

static void pack_vectors(void)
{
	static const uint8_t datagram[] = { 32, 48 }; /* from the client, from the server */
	struct vectors *vs = vectors_read();
	struct assemble_env env = { .fragment = fragment, .subnet_id = subnet_id, .ctx = vs };
	static struct assembled in;
	struct frame f;

	for (size_t i = 0; i < vs->count; i++) {
		const struct vector *v = &vs->all[i];
		char *config = vector_config(vs, v);

		write_text("config", "", 0, config);
		write_text("entry", "", 0, vector_registry(vs, v));
		free(config);
		vector_packet(v, &v->in, &env, &in);
		write_seed("frame", "", 0, in.bytes, in.len);
		write_handback(in.bytes, in.len);
		write_seed(in.len > 0 && in.bytes[0] >> 4 == 6 ? "pipeline6" : "pipeline4",
			&datagram[v->side == VECTOR_SERVER], 1, in.bytes, in.len);
		if (frame_parse(&f, in.bytes, in.len, 0) == DHCP_OK)
			write_message(f.family, in.bytes + f.pay_off, f.pay_len, (unsigned)i);
	}
	vectors_free(vs);
}

/* Family, code and a text. */
static const struct {
	uint8_t head[3];
	const char *text;
} values[] = {
	{ { 0, 0, 3 }, "192.0.2.1, 192.0.2.2" },
	{ { 0, 0, 12 }, "host" },
	{ { 0, 0, 19 }, "true" },
	{ { 0, 0, 2 }, "-3600" },
	{ { 0, 0, 43 }, "1=text, 254=0xc0ffee" },
	{ { 0, 0, 77 }, "one, 0xc0ffee" },
	{ { 0, 0, 78 }, "true, 192.0.2.1" },
	{ { 0, 0, 81 }, "host.example.com." },
	{ { 0, 0, 119 }, "example.com, sub.example.com" },
	{ { 0, 0, 120 }, "sip.example.com" },
	{ { 0, 0, 121 }, "10.0.0.0/8 - 192.0.2.1, 0.0.0.0/0 - 192.0.2.2" },
	{ { 0, 0, 124 }, "4491: 0xc0ffee" },
	{ { 0, 0, 125 }, "hex:0000118b03010161" },
	{ { 0, 0, 212 }, "8, 32, 2001:db8::, 192.0.2.1" },
	{ { 0, 0, 224 }, "hex:c0:ff:ee" },
	{ { 1, 0, 23 }, "2001:db8::1, 2001:db8::2" },
	{ { 1, 0, 24 }, "example.com, sub.example.com" },
	{ { 1, 0, 56 }, "2001:db8::1" },
	{ { 1, 0, 56 }, "ntp.example.com" },
	{ { 1, 0, 59 }, "tftp://[2001:db8::1]/file" },
	{ { 1, 0, 60 }, "one, two" },
	{ { 1, 0, 108 }, "\"a \\\" b\"" },
};

static const char *const names[] = {
	"routers", "option-224", "option6-59", "vendor-4491.33", "vendor-4491.config-file",
	"domain-name-servers", "dns-servers", "option-0", "option-65536", "vendor-4294967295.65535",
};

static const char *const configs[] = {
	"{}",
	"{ /* all defaults */ \"queues\": \"67-70\", \"fail\": \"closed\" } // end",
	"{ \"subnets\": [ { \"name\": \"a\", \"prefixes\": [\"10.0.0.0/8\"], \"hint4\": \"10.0.0.1\" },"
	" { \"name\": \"b\", \"prefixes\": [\"2001:db8::/32\", \"192.0.2.0/24\"], \"max_lease\": 300 } ],"
	" \"rules\": [ { \"when\": { \"any\": [ { \"vendor_class\": \"PXE*\" }, { \"not\":"
	" { \"family\": 6, \"weekday\": [\"sat\", \"sun\"], \"time\": \"08:00-17:30\" } } ] },"
	" \"subnet\": \"@subnet\", \"options\": { \"host-name\": \"x\", \"ntp-servers\": null },"
	" \"max_lease\": 60, \"hint\": \"both\", \"outcome\": false }, { \"when\": { \"message\":"
	" [\"discover\"], \"relay\": \"10.0.0.0/8\", \"id_prefix\": \"0c:0e\" }, \"drop\": true } ] }",
};

/* A format and a file of it. */
static const char *const imports[][2] = {
	{ "kea", "{ # comment\n\"Dhcp4\": { \"subnet4\": [ { \"reservations\": [ { \"hw-address\":"
		 " \"0c:0e:0a:01:ff:04\", \"ip-address\": \"192.0.2.9\", \"hostname\": \"h\","
		 " \"option-data\": [ { \"name\": \"routers\", \"data\": \"192.0.2.1\" } ] } ] } ] } }" },
	{ "isc", "host a { # comment\n hardware ethernet 0c:0e:0a:01:ff:04; fixed-address 192.0.2.9;"
		 " option routers 192.0.2.1; filename \"/boot\"; }\nhost b { host-identifier option"
		 " dhcp6.client-id 00:03:00:01:02:00:00:00:00:0c; }\n" },
	{ "dnsmasq", "dhcp-host=0c:0e:0a:01:ff:04,id:01:02,set:red,192.0.2.9,name,infinite # comment\n"
		     "dhcp-option=tag:red,3,192.0.2.1\n" },
	{ "csv", "type;id;bootfile\nHW_ADDR;0c:0e:0a:01:ff:04;\"/boot;x\"\nDUID;00030001;\n" },
};

static void pack_imports(void)
{
	for (size_t i = 0; i < sizeof(imports) / sizeof(imports[0]); i++) {
		for (uint8_t format = 0; registry_import_format(format)[0] != '\0'; format++)
			if (strcmp(registry_import_format(format), imports[i][0]) == 0)
				write_seed("import", &format, 1, imports[i][1], strlen(imports[i][1]));
	}
}

static void pack_netlink(void)
{
	/*
	 * A message as one CPU orders it: length, type 0x300, then attributes; see the kernel's
	 * header.
	 */
	static const char *const messages[] = {
		"20000000 0003 0000 00000000 00000000 02000043 0b000100 00001234 0800 0200",
		("34000000 0003 0000 00000000 00000000 02000043 0b000100 00001234 0800 0200"
			"08000500 00000003 0c000a00 450000 0000000000"),
		"24000000 0200 0000 00000000 00000000 ffffffff 00000000 00000000 00000000 00000000",
		"24000000 0200 0000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
	};

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		uint8_t bytes[256];
		size_t n = hex_read(messages[i], bytes, sizeof(bytes));

		write_seed("nfmessage", "", 0, bytes, n);
	}
}

#define EACH(i, array) (size_t i = 0; i < sizeof(array) / sizeof((array)[0]); i++)

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: pack FOLDER\n");
		return 2;
	}
	folder = argv[1];
	mkdir(folder, 0777);
	pack_corpus(4);
	pack_corpus(6);
	pack_vectors();
	pack_netlink();
	pack_imports();
	for EACH(i, values)
		write_seed("value", values[i].head, 3, values[i].text, strlen(values[i].text));
	for EACH(i, names)
		write_text("name", "", 0, names[i]);
	for EACH(i, configs)
		write_text("config", "", 0, configs[i]);
	return 0;
}
