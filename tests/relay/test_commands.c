/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands that look and edit, run as processes: what they print and how they end. */

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], output[65536];

static void begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/usher-commands-XXXXXX");
	cr_assert(mkdtemp(folder) != NULL);
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	cr_assert(f != NULL);
	fputs(text, f);
	cr_assert_eq(fclose(f), 0);
}

/*
 * Runs usher with the arguments, in the folder; both outputs end up in output[]. Returns its exit
 * code.
 */
static int run(const char *arguments)
{
	const char *usher = getenv("USHER");
	char program[4096], command[8192];
	size_t n;
	FILE *f;

	cr_assert(usher != NULL, "USHER is not set: run the tests by make test");
	cr_assert(realpath(usher, program) != NULL, "%s: no such program", usher);
	snprintf(command, sizeof(command), "cd %s && '%s' %s 2>&1", folder, program, arguments);
	f = popen(command, "r");
	cr_assert(f != NULL);
	n = fread(output, 1, sizeof(output) - 1, f);
	output[n] = '\0';
	return WEXITSTATUS(pclose(f));
}

static void says(const char *text)
{
	cr_expect(strstr(output, text) != NULL, "\"%s\" is not in:\n%s", text, output);
}

static const char config[] =
	"{ \"registry\": { \"file\": \"registry.jsonl\" }, \"outcome\": { \"file\": \"out.txt\" },\n"
	"  \"subnets\": [ { \"name\": \"open\", \"prefixes\": [\"192.0.2.0/24\", \"2001:db8:1::/64\"] },\n"
	"    { \"name\": \"restricted\", \"prefixes\": [\"198.51.100.0/24\", \"3000::/64\"] } ],\n"
	"  \"rules\": [ { \"when\": { \"registered\": true }, \"subnet\": \"open\",\n"
	"      \"options\": { \"set\": { \"routers\": \"192.0.2.1\" } } },\n"
	"    { \"subnet\": \"restricted\" } ] }\n";

static const char registry[] =
	"# three users\n"
	"{ \"type\": \"HW_ADDR\", \"id\": \"02:00:00:00:00:0a\", \"bootfile\": \"a.0\" }\n"
	"{ \"type\": \"DUID\", \"id\": \"00030001020000000a0a\" }\n";

TestSuite(commands, .init = begin, .fini = end);

Test(commands, registry_edits)
{
	put("registry.jsonl", registry);
	cr_assert_eq(run("registry check registry.jsonl"), 0, "%s", output);
	says("2 users, 0 wrong lines");
	cr_assert_eq(run("registry add registry.jsonl 0c:0e:0a:01:ff:04 routers=192.0.2.1"), 0);
	cr_assert_eq(run("registry add registry.jsonl 0c0e0a01ff04"), 1);
	says("registry.jsonl:4: user HW_ADDR=0c0e0a01ff04 is there already");
	cr_assert_eq(run("registry set registry.jsonl 0c0e0a01ff04 routers=nowhere"), 1);
	says("expected an IPv4 address");
	cr_assert_eq(run("registry set registry.jsonl 0c0e0a01ff04 routers=192.0.2.9 group=staff"), 0);
	cr_assert_eq(run("registry find registry.jsonl 0c:0e:0a:01:ff:04"), 0);
	says("4: {\"type\": \"HW_ADDR\", \"id\": \"0c:0e:0a:01:ff:04\", \"routers\": \"192.0.2.9\", "
	     "\"group\": \"staff\"}");
	cr_assert_eq(run("registry set registry.jsonl 0c0e0a01ff04 routers"), 0);
	cr_assert_eq(run("registry remove registry.jsonl 02000000000a 00030001020000000a0a"), 0);
	cr_assert_eq(run("registry export --to csv registry.jsonl"), 0);
	cr_expect_str_eq(output, "type,id,group\nHW_ADDR,0c:0e:0a:01:ff:04,staff\n");
	cr_assert_eq(run("registry find registry.jsonl 02000000000a"), 1);
	says("is not in registry.jsonl");
	cr_assert_eq(run("registry list nowhere.jsonl"), 3, "%s", output);
}

Test(commands, registry_import)
{
	put("dnsmasq.conf", "dhcp-host=11:22:33:44:55:66,printer,192.0.2.5\ndhcp-host=nonsense::\n");
	run("registry import --from dnsmasq dnsmasq.conf registry.jsonl");
	says("1 users added or changed");
	cr_assert_eq(run("registry find registry.jsonl 112233445566"), 0);
	says("\"host-name\": \"printer\"");
	cr_assert_eq(run("registry import --from word dnsmasq.conf registry.jsonl"), 1);
	cr_assert_eq(run("registry"), 1);
	says("usage: usher registry check FILE");
}

Test(commands, explain)
{
	put("usher.json", config);
	put("registry.jsonl", registry);
	cr_assert_eq(run("explain -c usher.json 02:00:00:00:00:0a"), 0, "%s", output);
	says("registered, registry.jsonl:2");
	says("rule 1    (line 4) matches");
	says("hint        82.5 192.0.2.0");
	says("routers = 192.0.2.1  [hex:c0000201]");
	says("bootfile = a.0");
	cr_assert_eq(run("explain -c usher.json 02:00:00:00:00:0b"), 0);
	says("not registered in registry.jsonl");
	says("does not match: { \"registered\": true }");
	says("rule 2    (line 6) matches");
	says("subnet      restricted: the rule says so");
	cr_assert_eq(run("explain -c usher.json 00030001020000000a0a"), 0);
	says("hint        link-address 2001:db8:1::1");
	cr_assert_eq(run("explain -c usher.json xyz"), 1);
	says("\"xyz\": ");
	cr_assert_eq(run("explain -c usher.json --response 0102 02000000000a"), 0);
	says("response    -: untouched");
	cr_assert_eq(run("explain -c usher.json --response 01x 02000000000a"), 1);
}

Test(commands, explain_of_relay_mode_by_giaddr)
{
	put("usher.json", "{ \"registry\": { \"file\": \"registry.jsonl\" }, \"mode\": \"relay\","
		"\"relay\": { \"agent_option\": false }, \"client_interfaces\": \"gone0\","
		"\"upstreams\": [{ \"name\": \"a\", \"address\": \"10.0.0.2\", \"server\": \"kea\" }],"
		"\"subnets\": [{ \"name\": \"open\", \"prefixes\": \"203.0.113.0/24\" },"
		"{ \"name\": \"restricted\", \"prefixes\": \"198.51.100.0/24\", \"giaddr\": \"198.51.100.7\" }],"
		"\"rules\": [{ \"when\": { \"registered\": true }, \"subnet\": \"open\" }, { \"subnet\": \"restricted\" }] }");
	put("registry.jsonl", registry);
	cr_assert_eq(run("explain -c usher.json 02:00:00:00:00:0b"), 0, "%s", output);
	says("hint        giaddr 198.51.100.7");
	cr_assert_eq(run("explain -c usher.json 02:00:00:00:00:0a"), 0, "%s", output);
	says("hint        none");
}

/* A DISCOVER in an Ethernet frame, with room behind it that END closes. */
static size_t discover(uint8_t *frame, uint8_t last)
{
	static const uint8_t options[] = { 99, 130, 83, 99, 53, 1, 1, 255 };
	uint8_t *ip = frame + 14, *bootp = ip + 28;

	memset(frame, 0, 14 + 28 + 300);
	frame[12] = 0x08;
	ip[0] = 0x45;
	ip[2] = (28 + 300) >> 8;
	ip[3] = (28 + 300) & 255;
	ip[8] = 64;
	ip[9] = 17;
	memset(ip + 16, 255, 4);
	ip[21] = 68;
	ip[23] = 67;
	ip[24] = (8 + 300) >> 8;
	ip[25] = (8 + 300) & 255;
	bootp[0] = bootp[1] = 1;
	bootp[2] = 6;
	bootp[28] = 2;
	bootp[33] = last;
	memcpy(bootp + 236, options, sizeof(options));
	return 14 + 28 + 300;
}

/* pcap's header and records by hand, so that libpcap is not both writer and reader. */
static void put_capture(const char *name, size_t cut)
{
	static const uint32_t head[] = { 0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1 };
	uint8_t frame[2][512];
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "wb");
	cr_assert(f != NULL);
	fwrite(head, sizeof(head), 1, f);
	for (uint8_t i = 0; i < 2; i++) {
		size_t len = discover(frame[i], (uint8_t)(0x0a + i));
		uint32_t record[4] = { 1000, i, (uint32_t)len, (uint32_t)len };

		fwrite(record, sizeof(record), 1, f);
		fwrite(frame[i], i == 1 ? len - cut : len, 1, f);
	}
	cr_assert_eq(fclose(f), 0);
}

Test(commands, replay)
{
	put("usher.json", config);
	put("registry.jsonl", registry);
	put_capture("in.pcap", 0);
	cr_assert_eq(run("replay -c usher.json in.pcap out.pcap"), 0, "%s", output);
	says("1970-01-01T00:16:40.000000Z query    DISCOVER   HW_ADDR=02000000000a; registered, subnet open");
	says("HW_ADDR=02000000000b; unregistered, subnet restricted, rule 2; hint restricted; edited");
	says("2 frames: 2 IP packets, 0 others copied; 2 accepted, 0 dropped");
	/* What was sent on carries the hint, so a second run takes it out and puts it in again. */
	cr_assert_eq(run("replay -c usher.json out.pcap again.pcap && cmp out.pcap again.pcap"), 0, "%s",
		output);
	says("stripped");
	cr_assert_eq(run("replay -c usher.json --json in.pcap 2>/dev/null"), 0);
	says("\"message\":\"DISCOVER\",\"client\":\"HW_ADDR=02000000000a\"");
}

Test(commands, replay_of_a_damaged_capture)
{
	put("usher.json", config);
	put("registry.jsonl", registry);
	put_capture("cut.pcap", 20);
	cr_assert_eq(run("replay -c usher.json cut.pcap"), 3, "%s", output);
	says("cut.pcap: damaged: ");
	says("after 1 frames that were read");
	put("none.pcap", "this is no capture");
	cr_assert_eq(run("replay -c usher.json none.pcap"), 3);
	cr_assert_eq(run("replay -c usher.json nowhere.pcap"), 3);
	says("nowhere.pcap: No such file or directory");
	cr_assert_eq(run("replay -c nowhere.json cut.pcap"), 1);
	cr_assert_eq(run("replay"), 1);
	says("usage: usher replay");
}

Test(commands, explain_knows_who_is_registered_for_one_protocol_alone)
{
	put("usher.json", config);
	put("registry.jsonl", "{\"type\": \"HW_ADDR\", \"id\": \"02000000000a\"}\n"
		"{\"type\": \"DUID\", \"id\": \"0003000102000000000b\"}\n");
	cr_assert_eq(run("explain -c usher.json 0003000102000000000a"), 0);
	says("but the machine is known by its HW_ADDR, on line 1 of registry.jsonl: DHCPv6 needs");
	cr_assert_eq(run("explain -c usher.json 000100011234567802000000000a"), 0);
	says("but the machine is known by its HW_ADDR, on line 1");
	cr_assert_eq(run("explain -c usher.json 02000000000b"), 0);
	says("but the machine is known by its DUID, on line 2 of registry.jsonl: DHCPv4 needs");
	cr_assert_eq(run("explain -c usher.json 0002000100000000000a"), 0);
	cr_expect_null(strstr(output, "but the machine"), "%s", output);
	cr_assert_eq(run("explain -c usher.json 02000000000a"), 0);
	cr_expect_null(strstr(output, "but the machine"), "%s", output);
}

Test(commands, explain_names_the_upstreams)
{
	static const struct {
		const char *choose, *rule, *id, *says;
	} rows[] = {
		{ "all", "", "02000000000a", "upstreams   a (10.0.0.2), b (10.0.0.3); all are asked\n" },
		{ "all", "", "0003000102000000000a",
		  "upstreams   a (2001:db8::2), m (multicast on up0); all are asked\n" },
		{ "first", "", "02000000000a", "upstreams   a (10.0.0.2); one is asked, the first" },
		{ "all", ", \"upstream\": \"b\"", "02000000000a",
		  "upstreams   b (10.0.0.3); all are asked of those that the rule names\n" },
	};

	put("registry.jsonl", registry);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[2048], command[128];

		snprintf(text, sizeof(text),
			"{ \"mode\": \"relay\", \"client_interfaces\": [\"eth1\"], \"registry\": "
			"{ \"file\": \"registry.jsonl\" }, \"relay\": { \"choose\": \"%s\" },\n"
			"\"upstreams\": [ { \"name\": \"a\", \"address\": [\"10.0.0.2\", \"2001:db8::2\"] },"
			"{ \"name\": \"b\", \"address\": \"10.0.0.3\" },"
			"{ \"name\": \"m\", \"address\": \"2001:db8::3\", \"multicast\": \"up0\" } ],\n"
			"\"subnets\": [ { \"name\": \"open\", \"prefixes\": [\"192.0.2.0/24\"] } ],\n"
			"\"rules\": [ { \"subnet\": \"open\"%s } ] }\n", rows[i].choose, rows[i].rule);
		put("usher.json", text);
		snprintf(command, sizeof(command), "explain -c usher.json %s", rows[i].id);
		cr_assert_eq(run(command), 0, "%s", output);
		says(rows[i].says);
	}
	put("usher.json", config);
	cr_assert_eq(run("explain -c usher.json 02000000000a"), 0, "%s", output);
	cr_expect_null(strstr(output, "upstreams"), "%s", output);
}

Test(commands, every_command_explains_itself)
{
	static char list[sizeof(output)], help[sizeof(output)];
	char *line, *save = NULL, command[64], arguments[128];

	cr_assert_eq(run("commands"), 0);
	memcpy(list, output, sizeof(list));
	for (line = strtok_r(list, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		char name[64];

		if (sscanf(line, "command\t%63[^\t]", command) == 1) {
			snprintf(arguments, sizeof(arguments), "help %s", command);
			cr_expect_eq(run(arguments), 0, "%s", output);
			says("usage: usher ");
			memcpy(help, output, sizeof(help));
			snprintf(arguments, sizeof(arguments), "%s --help", command);
			cr_expect_eq(run(arguments), 0, "%s", output);
			snprintf(arguments, sizeof(arguments), "%s --no-such-flag", command);
			cr_expect_eq(run(arguments), 1, "%s: %s", arguments, output);
			says("usage: usher ");
			continue;
		}
		cr_assert_eq(sscanf(line, "flag\t%63[^\t]", name), 1, "%s", line);
		snprintf(arguments, sizeof(arguments), "--%s", name);
		cr_expect_not_null(strstr(help, arguments), "%s: no %s in: %s", command, arguments, help);
	}
	cr_expect_eq(run("help nonsense"), 1);
	says("unknown command 'nonsense'");
	cr_expect_eq(run("help run check"), 1);
	cr_expect_eq(run("commands all"), 1);
}

/* Without a daemon: what is missing, and where it was looked for. */
Test(commands, a_daemon_that_is_not_there)
{
	static const char *const asking[] = {
		"status", "reload", "pause", "resume", "metrics", "log-level info", "explain --live 0200000000aa",
	};
	char arguments[256];

	put("usher.json", "{ \"control\": \"sock\" }");
	for (size_t i = 0; i < sizeof(asking) / sizeof(asking[0]); i++) {
		snprintf(arguments, sizeof(arguments), "%s -c usher.json", asking[i]);
		cr_expect_eq(run(arguments), 2, "%s: %s", arguments, output);
		says("no daemon listens on sock: is usher running");
	}
	cr_expect_eq(run("status -s other"), 2);
	says("other");
	cr_expect_eq(run("status -c nowhere.json"), 1);
	says("nowhere.json: No such file");
	put("usher.json", "{ \"control\": \"\" }");
	cr_expect_eq(run("status -c usher.json"), 1);
	says("\"control\" is empty");
	put("file", "");
	cr_expect_eq(run("status -s file"), 2);
	cr_expect_eq(run("status now"), 1);
	cr_expect_eq(run("log-level debug info"), 1);
}

Test(commands, tail)
{
	static const char record[] = "id_type=DUID\nclient=00:03\naddr=2001:db8::5\nregistered=no\n\n";
	char big[40 * sizeof(record)] = "";

	for (int i = 0; i < 30; i++)
		strcat(big, record);
	put("usher.json", "{ \"outcome\": { \"file\": \"outcome.txt\" } }");
	put("outcome.txt", big);
	cr_assert_eq(run("tail -c usher.json | wc -l"), 0);
	cr_expect_str_eq(output, "10\n");
	cr_assert_eq(run("tail -n 3 -j outcome.txt | grep -c lease"), 0);
	cr_expect_str_eq(output, "3\n");
	run("tail -n 1000 - < outcome.txt");
	says("-: No such file");
	run("tail -n 1000 /dev/stdin < outcome.txt | wc -l");
	cr_expect_str_eq(output, "30\n");
	cr_expect_eq(run("tail nowhere.txt"), 3);
	says("nowhere.txt: No such file");
	cr_expect_eq(run("tail -n x outcome.txt"), 1);
	put("usher.json", "{ \"outcome\": { \"file\": \"\" } }");
	cr_expect_eq(run("tail -c usher.json"), 1);
	says("no records are written");
	put("usher.json", "{ \"outcome\": { \"file\": \"outcome.txt\", \"json_file\": \"o.json\" } }");
	cr_expect_eq(run("tail -c usher.json"), 3);
	says("o.json: No such file");
}

Test(commands, explain_escapes_what_the_registry_holds)
{
	put("usher.json", config);
	put("registry.jsonl",
		"{ \"type\": \"HW_ADDR\", \"id\": \"02000000000a\", \"bootfile\": \"a\\u001b[2Jb\" }\n");
	cr_assert_eq(run("explain -c usher.json 02000000000a"), 0, "%s", output);
	says("bootfile = a\\x1b[2Jb");
	cr_expect_null(strchr(output, 0x1b));
}
