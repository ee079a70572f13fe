package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/schema/nb"
)

// nbctl is one invocation of ovn-nbctl after another on the same database;
// words are separated by spaces, single quotes keep some together. Every one
// is run against a stock ovsdb-server and against ours, and has to print the
// same and to exit with the same code, UUIDs by number. "$U3" is the third
// UUID that was printed. A line that begins with "#" is a comment.
var nbctl = []struct {
	name string
	cmds string
}{
	{"init and show", `
		show
		list NB_Global
		init
		init
		--columns=name,nb_cfg,options list NB_Global
		get NB_Global . nb_cfg
		sync
		get NB_Global . nb_cfg
		--wait=none sync
		ls-add network1
		show
		show network1
		show none
		lsp-add network1 vm1
		lsp-set-addresses vm1 '40:44:00:00:00:01 192.168.0.11'
		lsp-add network1 vm2 -- lsp-set-addresses vm2 '40:44:00:00:00:02 192.168.0.12' unknown
		show
		show network1`},
	{"ls-add, ls-del, ls-list", `
		ls-list
		ls-add
		ls-add s0
		ls-add s0
		--may-exist ls-add s0
		--add-duplicate ls-add s0
		--may-exist --add-duplicate ls-add s0
		--may-exist ls-add
		ls-list
		ls-del s0
		ls-del $U2
		ls-list
		ls-del none
		--if-exists ls-del none
		ls-del
		ls-add s1 -- ls-add s2 -- ls-add s1
		ls-list
		ls-add s1 -- ls-add s2
		ls-list
		ls-del s1 -- ls-del s2 -- ls-del s0
		ls-add a b
		ls-add 'with space'
		ls-list
		ls-del 'with space'
		frob
		--frob ls-list`},
	{"lsp-add, lsp-del, lsp-list", `
		ls-add s0
		ls-add s1
		lsp-list
		lsp-list none
		lsp-list s0
		lsp-add s0 p0
		lsp-add s0 p0
		--may-exist lsp-add s0 p0
		--may-exist lsp-add s1 p0
		lsp-add s1 p0
		lsp-add none p9
		lsp-add s0
		lsp-add s0 p1 p0 5
		lsp-add s0 p2 p0 4096
		lsp-add s0 p2 p0
		lsp-add s0 p3 none 7
		--may-exist lsp-add s0 p1 p0 6
		--may-exist lsp-add s0 p1
		lsp-get-parent p1
		lsp-get-tag p1
		lsp-get-tag p0
		lsp-list s0
		lsp-list s1
		lsp-get-ls p0
		lsp-get-ls none
		lsp-del p0
		lsp-del p0
		--if-exists lsp-del p0
		lsp-list s0
		lsp-del
		lsp-add s1 q1 -- lsp-add s1 q2 -- lsp-add s1 q3
		lsp-list s1
		lsp-del q1 -- lsp-del q2 -- lsp-del none
		lsp-list s1
		ls-del s1
		lsp-list s1
		--columns=name list Logical_Switch_Port
		lsp-add s0 q3
		lsp-list s0`},
	{"lsp-set-addresses", `
		ls-add s0 -- lsp-add s0 p0
		lsp-get-addresses p0
		lsp-set-addresses p0 unknown
		lsp-get-addresses p0
		lsp-set-addresses p0 '00:11:22:33:44:55 10.0.0.4 fd00::4' dynamic router
		lsp-get-addresses p0
		lsp-set-addresses p0 '00:11:22:33:44:55 dynamic'
		lsp-set-addresses p0 'dynamic 10.0.0.9'
		lsp-set-addresses p0 00:11:22:33:44:55 00:11:22:33:44:56
		lsp-get-addresses p0
		lsp-set-addresses p0 bogus
		lsp-set-addresses p0 '00:11:22:33:44 10.0.0.1'
		lsp-set-addresses p0 ''
		lsp-set-addresses none unknown
		lsp-get-addresses none
		lsp-set-addresses p0
		lsp-get-addresses p0
		ls-add s1 -- set Logical_Switch s1 other_config:subnet=10.0.0.0/24
		lsp-add s0 p1 -- lsp-set-addresses p1 '00:11:22:33:44:57 10.0.0.5'
		lsp-add s0 p2 -- lsp-set-addresses p2 '00:11:22:33:44:58 10.0.0.5'
		lsp-list s0`},
	{"lsp-get-up, lsp-set-enabled, lsp-set-port-security, lsp-set-type", `
		ls-add s0 -- lsp-add s0 p0
		lsp-get-up p0
		set Logical_Switch_Port p0 up=true
		lsp-get-up p0
		set Logical_Switch_Port p0 up=false
		lsp-get-up p0
		lsp-get-up none
		lsp-get-enabled p0
		lsp-set-enabled p0 disabled
		lsp-get-enabled p0
		lsp-set-enabled p0 enabled
		lsp-get-enabled p0
		lsp-set-enabled p0 maybe
		lsp-set-enabled none enabled
		lsp-get-port-security p0
		lsp-set-port-security p0 00:11:22:33:44:55
		lsp-set-port-security p0 '00:11:22:33:44:55 10.0.0.1/24 fd00::1' 00:11:22:33:44:66
		lsp-get-port-security p0
		lsp-set-port-security p0
		lsp-get-port-security p0
		lsp-set-port-security none x
		lsp-set-type p0 localnet
		lsp-get-type p0
		lsp-set-type p0 nonsense
		lsp-set-options p0 network_name=phys x=y
		lsp-get-options p0
		lsp-set-options p0
		lsp-get-options p0
		show`},
	{"list", `
		list Logical_Switch
		ls-add s0 -- ls-add s1 -- lsp-add s0 p0
		list Logical_Switch
		list Logical_Switch s0
		list Logical_Switch s0 s1
		list Logical_Switch none
		--if-exists list Logical_Switch none
		list Logical_Switch $U1
		--columns=name list Logical_Switch
		--columns=_uuid,name,ports list Logical_Switch s0
		--columns=frob list Logical_Switch
		--format=csv list Logical_Switch
		--format=json list Logical_Switch s0
		--format=table --columns=name,ports list Logical_Switch
		--format=csv --data=bare --no-headings --columns=name,ports list Logical_Switch
		--data=json list Logical_Switch_Port
		--bare --columns=name list Logical_Switch
		list logical_switch_port
		list Logical
		list Frob
		list`},
	{"find", `
		ls-add s0 -- ls-add s1 -- lsp-add s0 p0 -- lsp-add s0 p1 -- set Logical_Switch_Port p1 tag=5 type=router options:router-port=rp
		--columns=name find Logical_Switch name=s0
		--columns=name find Logical_Switch name!=s0
		--columns=name find Logical_Switch_Port tag=5
		--columns=name find Logical_Switch_Port 'tag<6'
		--columns=name find Logical_Switch_Port 'tag>=6'
		--columns=name find Logical_Switch_Port options:router-port=rp
		--columns=name find Logical_Switch_Port options:router-port!=rp
		--columns=name find Logical_Switch_Port options:frob!=rp
		--columns=name find Logical_Switch_Port 'options{>=}router-port=rp'
		--columns=name find Logical_Switch_Port 'tag{=}[]'
		--columns=name find Logical_Switch_Port type=router tag=5
		--columns=name find Logical_Switch 'ports!=[]'
		--columns=name find Logical_Switch name=none
		--bare --columns=_uuid find Logical_Switch name=s0
		find Logical_Switch frob=1
		find Logical_Switch_Port tag=x
		find Frob x=1`},
	{"get", `
		ls-add s0 -- lsp-add s0 p0 -- set Logical_Switch_Port p0 options:a=b 'options:"c d"="e f"' tag=7
		get Logical_Switch_Port p0 name tag options
		get Logical_Switch_Port p0 options:a
		get Logical_Switch_Port p0 options:none
		--if-exists get Logical_Switch_Port p0 options:none
		--if-exists get Logical_Switch_Port none name
		get Logical_Switch_Port none name
		get Logical_Switch_Port p0 frob
		get Logical_Switch_Port p0 _uuid
		get Logical_Switch s0 ports
		get Logical_Switch_Port p0 up enabled addresses external_ids
		get Logical_Switch_Port $U1 name
		--id=@p get Logical_Switch_Port p0 -- set Logical_Switch s0 ports=@p
		get Logical_Switch_Port p0 tag:x
		get Logical_Switch_Port
		get NB_Global . name`},
	{"set", `
		ls-add s0 -- lsp-add s0 p0 -- lsp-add s0 p1
		set Logical_Switch s0 name=s00
		ls-list
		set Logical_Switch_Port p0 tag=1 enabled=true options:a=1 external_ids:b=2
		--columns=tag,enabled,options,external_ids list Logical_Switch_Port p0
		set Logical_Switch_Port p0 options:a=2 options:c=3
		get Logical_Switch_Port p0 options
		set Logical_Switch_Port p0 options='{x=y}'
		get Logical_Switch_Port p0 options
		set Logical_Switch_Port p0 'addresses=["00:00:00:00:00:01 1.1.1.1", unknown]'
		get Logical_Switch_Port p0 addresses
		set Logical_Switch_Port p0 tag=4096
		set Logical_Switch_Port p0 tag=0
		set Logical_Switch_Port p0 tag=x
		set Logical_Switch_Port p0 'tag=[1,2]'
		set Logical_Switch_Port p0 enabled=maybe
		set Logical_Switch_Port p0 name=p1
		set Logical_Switch_Port none tag=1
		--if-exists set Logical_Switch_Port none tag=1
		set Logical_Switch_Port p0 frob=1
		set Logical_Switch_Port p0 _uuid=1
		set Logical_Switch s00 ports=11111111-2222-4333-8444-555555555555
		set Logical_Switch s00 ports=bogus
		set Logical_Switch s00 'ports=[]'
		lsp-list s00
		--columns=name list Logical_Switch_Port
		set NB_Global . name=cloud options:mac_prefix=0a:00:00
		--columns=name,options list NB_Global
		set Logical_Switch_Port p0 tag=1 -- set Logical_Switch_Port p0 tag=2`},
	{"add and remove", `
		ls-add s0 -- lsp-add s0 p0
		add Logical_Switch_Port p0 addresses unknown
		add Logical_Switch_Port p0 addresses unknown dynamic
		get Logical_Switch_Port p0 addresses
		remove Logical_Switch_Port p0 addresses dynamic
		remove Logical_Switch_Port p0 addresses none
		get Logical_Switch_Port p0 addresses
		add Logical_Switch_Port p0 options a=1 b=2
		add Logical_Switch_Port p0 options a=9
		get Logical_Switch_Port p0 options
		remove Logical_Switch_Port p0 options a
		get Logical_Switch_Port p0 options
		remove Logical_Switch_Port p0 options b=3
		remove Logical_Switch_Port p0 options b=2
		get Logical_Switch_Port p0 options
		add Logical_Switch_Port p0 tag 5
		add Logical_Switch_Port p0 tag 6
		remove Logical_Switch_Port p0 tag 5
		get Logical_Switch_Port p0 tag
		remove Logical_Switch_Port p0 name p0
		add Logical_Switch_Port p0 name x
		add Logical_Switch_Port none addresses x
		--if-exists add Logical_Switch_Port none addresses x
		--if-exists remove Logical_Switch_Port none addresses x
		add Logical_Switch s0 ports 11111111-2222-4333-8444-555555555555
		add Address_Set none addresses x
		create Address_Set name=as addresses=10.0.0.1
		add Address_Set as addresses 10.0.0.2 10.0.0.0/8
		get Address_Set as addresses
		remove Address_Set as addresses 10.0.0.1 10.0.0.2
		get Address_Set as addresses
		remove Address_Set as addresses 10.0.0.0/8
		get Address_Set as addresses`},
	{"clear", `
		ls-add s0 -- lsp-add s0 p0 -- set Logical_Switch_Port p0 tag=3 options:a=b addresses=unknown
		clear Logical_Switch_Port p0 tag options
		--columns=tag,options,addresses list Logical_Switch_Port p0
		clear Logical_Switch_Port p0 addresses
		get Logical_Switch_Port p0 addresses
		clear Logical_Switch_Port p0 name
		clear Logical_Switch_Port p0 frob
		clear Logical_Switch_Port none tag
		--if-exists clear Logical_Switch_Port none tag
		clear Logical_Switch s0 ports
		--columns=name list Logical_Switch_Port`},
	{"create and destroy", `
		create Logical_Switch name=s0
		create Logical_Switch name=s0 external_ids:a=b other_config:subnet=10.0.0.0/24
		--columns=name,external_ids,other_config list Logical_Switch
		create Logical_Switch_Port name=p0
		--columns=name list Logical_Switch_Port
		--id=@p create Logical_Switch_Port name=p0 -- add Logical_Switch $U1 ports @p
		lsp-list $U1
		--id=@p create Logical_Switch_Port name=p0 -- add Logical_Switch $U1 ports @p
		--id=@p create Logical_Switch_Port name=p1 tag=9999 -- add Logical_Switch $U1 ports @p
		--id=@p create Logical_Switch_Port name=p1 -- add Logical_Switch $U1 ports @q
		--id=@a create ACL action=allow direction=to-lport match=ip4 priority=10 -- --id=@b create ACL action=drop direction=from-lport match=ip6 priority=5 -- create Logical_Switch name=s1 acls=@a,@b
		--columns=action,direction,match,priority list ACL
		acl-list s1
		--id=@a create ACL action=frob direction=to-lport match=ip4 priority=10 -- add Logical_Switch s1 acls @a
		create ACL action=allow direction=to-lport match=ip4 priority=99999
		create Frob name=x
		create Logical_Switch frob=x
		create Logical_Switch name
		create Address_Set name=as
		create Address_Set name=as
		--id=@x create Address_Set name=as2 -- create Address_Set name=as2
		--columns=name list Address_Set
		--id=x create Address_Set name=as3
		--id=@x create Address_Set name=as3 -- --id=@x create Address_Set name=as4
		destroy Address_Set as
		destroy Address_Set as
		--if-exists destroy Address_Set as
		destroy Logical_Switch s0
		destroy Logical_Switch s1
		--columns=name list Logical_Switch
		list ACL
		--all destroy Logical_Switch
		ls-list
		list Logical_Switch_Port
		--all destroy Logical_Switch x
		destroy Logical_Switch $U1
		destroy`},
	{"references", `
		ls-add s0 -- lsp-add s0 p0 -- lsp-add s0 p1
		destroy Logical_Switch_Port p0
		lsp-list s0
		--id=@d create DHCP_Options cidr=10.0.0.0/24 options:router=10.0.0.1 -- set Logical_Switch_Port p1 dhcpv4_options=@d
		--columns=name,dhcpv4_options list Logical_Switch_Port
		--all destroy DHCP_Options
		get Logical_Switch_Port p1 dhcpv4_options
		pg-add pg0 p0 p1
		get Port_Group pg0 ports
		lsp-del p1
		get Port_Group pg0 ports
		pg-set-ports pg0 p0
		get Port_Group pg0 ports
		--id=@h create HA_Chassis_Group name=g -- set Logical_Switch_Port p0 ha_chassis_group=@h
		destroy HA_Chassis_Group g
		clear Logical_Switch_Port p0 ha_chassis_group -- destroy HA_Chassis_Group g
		lb-add lb0 10.0.0.10:80 10.0.0.1:80,10.0.0.2:80
		ls-lb-add s0 lb0
		ls-lb-list s0
		lb-list
		lb-del lb0
		ls-lb-list s0`},
	{"wait-until", `
		ls-add s0 -- lsp-add s0 p0
		wait-until Logical_Switch s0
		wait-until Logical_Switch s0 name=s0
		wait-until Logical_Switch_Port p0 tag!=5
		--timeout=1 wait-until Logical_Switch_Port p0 up=true
		--timeout=1 wait-until Logical_Switch none
		--if-exists wait-until Logical_Switch none name=x
		wait-until Logical_Switch s0 frob=1
		wait-until Frob s0
		set Logical_Switch_Port p0 up=true -- wait-until Logical_Switch_Port p0 up=true`},
	{"chains are atomic", `
		ls-add s0 -- lsp-add s0 p0 -- lsp-add none p1
		ls-list
		ls-add s0 -- lsp-add s0 p0 -- lsp-add s0 p0
		ls-list
		ls-add s0 -- set Logical_Switch s0 other_config:a=b -- lsp-add s0 p0 -- lsp-set-addresses p0 unknown -- lsp-set-enabled p0 disabled
		show
		--columns=other_config list Logical_Switch
		ls-add s1 -- ls-del s1 -- ls-list
		ls-add s2 -- ls-list -- ls-del s2
		--id=@a create Logical_Switch_Port name=x1 -- --id=@b create Logical_Switch_Port name=x2 -- set Logical_Switch s0 ports=@a,@b
		lsp-list s0
		-- --may-exist ls-add s0 -- show
		--dry-run ls-add nothing
		ls-list
		--oneline ls-list -- lsp-list s0
		comment some words -- ls-add s3
		ls-list`},
	{"odd text", `
		ls-add 'sw é ü'
		ls-add 'quote"d'
		ls-add 'back\slash'
		ls-list
		create Address_Set name='"a \"b\" \\\\ c"'
		--columns=name list Address_Set
		set NB_Global . options:'"k=1"'='"v, {}"'
		get NB_Global . options
		create Address_Set name=big addresses=1,2,3,4,5,6,7,8,9,10
		get Address_Set big addresses`},
}

func TestNbctl(t *testing.T) {
	tool := need(t, "ovn-nbctl")
	for _, c := range nbctl {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stock := &ctl{tool: tool, remote: "unix:" + startStock(t, nb.Schema(), false), names: newNames()}
			w := startWeft(t, nb.Schema())
			ours := &ctl{tool: tool, remote: "unix:" + w.unix, names: newNames()}
			for line := range strings.SplitSeq(c.cmds, "\n") {
				line = strings.TrimSpace(line)
				if line == "" || strings.HasPrefix(line, "#") {
					continue
				}
				want, got := stock.run(t, line), ours.run(t, line)
				if want != got {
					t.Errorf("ovn-nbctl %s\nstock: %s\n ours: %s", line, want, got)
				}
			}
		})
	}
}

// ctl runs a tool on one server.
type ctl struct {
	tool   string
	remote string
	names  *uuidNames
}

// run returns the exit code and what was printed.
func (c *ctl) run(t *testing.T, line string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	args := append([]string{"--db=" + c.remote, "--no-leader-only"}, words(c.names.expand(line))...)
	cmd := exec.CommandContext(ctx, c.tool, args...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"}
	out, err := cmd.CombinedOutput()
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		t.Fatalf("ovn-nbctl %s: %v", line, err)
	}
	text := volatile.ReplaceAllString(string(out), "TIME")
	text = strings.ReplaceAll(text, c.remote, "REMOTE")
	text = twoRows.ReplaceAllStringFunc(text, eitherOrder)
	text = shortUUID.ReplaceAllString(c.names.canonicalPrint(text), "SHORT")
	return fmt.Sprintf("exit %d\n%s", code, text)
}

var (
	volatile = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\b\d{13}\b`)
	// shortUUID is a row in an error message.
	shortUUID = regexp.MustCompile(`\b[0-9a-f]{8}\b`)
	// twoRows are those that an index violation is about.
	twoRows = regexp.MustCompile(`First row, with UUID [^,]*, ([^"]*)\.  Second row, with UUID [^,]*, ([^"]*)\.`)
)

// eitherOrder words an index violation so that it does not matter which row
// comes first.
func eitherOrder(text string) string {
	rows := twoRows.FindStringSubmatch(text)[1:]
	slices.Sort(rows)
	return "One row " + rows[0] + ".  Other row " + rows[1] + "."
}

// words splits a command line.
func words(line string) []string {
	var out []string
	var word strings.Builder
	in, quoted := false, false
	for _, c := range line {
		switch {
		case c == '\'':
			in, quoted = true, !quoted
		case c == ' ' && !quoted:
			if in {
				out = append(out, word.String())
				word.Reset()
			}
			in = false
		default:
			in = true
			word.WriteRune(c)
		}
	}
	if in {
		out = append(out, word.String())
	}
	return out
}
