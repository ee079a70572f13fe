package northd

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

var update = flag.Bool("update", false, "rewrite the golden files; commit only differences that you understand")

// TestScenarios runs testdata/*.txt: the comment of each file is a list of
// commands, its files are what they must lead to:
//
//	ls NAME [COLUMN VALUE]…          adds or changes a switch
//	lsp SWITCH PORT [COLUMN VALUE]…  adds or changes a port
//	lsp-del SWITCH PORT, ls-del NAME
//	acl OWNER NAME DIRECTION PRIORITY MATCH ACTION [COLUMN VALUE]…
//	                                 adds or changes an ACL of a switch or port group
//	acl-del OWNER NAME
//	pg NAME [PORT]…                  adds or changes a port group
//	as NAME [ADDRESS]…               adds or changes an address set
//	sample NAME METADATA [PROBABILITY]…
//	                                 adds or changes a sample with collectors, one for each probability
//	sampling-app TYPE ID
//	copp SWITCH PROTOCOL=METER…      control-plane protection of a switch
//	pg-del NAME, as-del NAME
//	meter NAME RATE [COLUMN VALUE]…  adds or changes a meter of pktps with one band
//	claim PORT CHASSIS up|down, unclaim PORT
//	chassis NAME HOSTNAME
//	global [KEY=VALUE]…              NB_Global options
//	apply                            compiles; the end of the commands does too
//
// Files: "flows NAME [STAGE]" (of a switch, without the flows of an empty one;
// of stages whose names end so), "flows" (of an empty switch), "rows",
// "problems", "back" (what the last apply wrote back).
func TestScenarios(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) { runScenario(t, name) })
	}
}

func runScenario(t *testing.T, name string) {
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n := newNetwork(Options{})
	for _, line := range strings.Split(string(a.Comment), "\n") {
		args := words(line)
		switch {
		case len(args) == 0:
		case args[0] == "apply":
			n.apply(t)
		default:
			n.command(t, args)
		}
	}
	out := n.apply(t)
	if err := n.c.Check(); err != nil {
		t.Error(err)
	}
	changed := false
	for i, f := range a.Files {
		got := n.golden(t, f.Name, out)
		if want := string(f.Data); got != want {
			changed = true
			a.Files[i].Data = []byte(got)
			if !*update {
				t.Errorf("%s: %s:\n%swant:\n%s", name, f.Name, got, want)
			}
		}
	}
	if changed && *update {
		if err := os.WriteFile(name, txtar.Format(a), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// words splits a line at blanks, but not within double quotes; # begins a
// comment.
func words(line string) []string {
	var all []string
	for line = strings.TrimSpace(line); line != "" && line[0] != '#'; line = strings.TrimSpace(line) {
		var word string
		if q, err := strconv.QuotedPrefix(line); err == nil {
			word, _ = strconv.Unquote(q)
			line = line[len(q):]
		} else {
			word, line, _ = strings.Cut(line, " ")
		}
		all = append(all, word)
	}
	return all
}

func (n *network) command(t *testing.T, args []string) {
	t.Helper()
	switch args[0] {
	case "ls":
		s := n.ls(args[1])
		setColumns(t, nb.Schema().Table("Logical_Switch"), s, args[2:])
		n.putLS(s)
	case "lsp":
		p := n.lsp(args[2])
		setColumns(t, nb.Schema().Table("Logical_Switch_Port"), p, args[3:])
		n.addPort(args[1], p)
	case "lsp-del":
		n.delPort(args[1], args[2])
	case "ls-del":
		n.remove(id(args[1]))
	case "acl":
		a := n.acl(args[2])
		priority, err := strconv.ParseInt(args[4], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		a.Direction, a.Priority, a.Match, a.Action = args[3], priority, args[5], args[6]
		for i := 7; i+1 < len(args); i += 2 {
			if strings.HasPrefix(args[i], "sample_") {
				args[i+1] = id(args[i+1]).String()
			}
		}
		setColumns(t, nb.Schema().Table("ACL"), a, args[7:])
		n.addACL(args[1], a)
	case "acl-del":
		n.delACL(args[1], args[2])
	case "pg":
		n.putPG(args[1], args[2:]...)
	case "as":
		n.putAS(args[1], args[2:]...)
	case "sample":
		n.sample(t, args)
	case "copp":
		row := &nb.Copp{Header: schema.Header{UUID: id("copp of " + args[1])}, Name: args[1]}
		setColumns(t, nb.Schema().Table("Copp"), row, []string{"meters", strings.Join(args[2:], ",")})
		n.put("Copp", row)
		s := n.ls(args[1])
		s.Copp = &row.UUID
		n.putLS(s)
	case "sampling-app":
		number, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		n.put("Sampling_App", &nb.SamplingApp{Header: schema.Header{UUID: id(args[1])}, Type: args[1], ID: number})
	case "meter":
		rate, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		n.put("Meter_Band", &nb.MeterBand{Header: schema.Header{UUID: id(args[1] + " band")}, Action: "drop", Rate: rate})
		m := &nb.Meter{Header: schema.Header{UUID: id(args[1])}, Name: args[1], Unit: "pktps", Bands: []schema.UUID{id(args[1] + " band")}}
		setColumns(t, nb.Schema().Table("Meter"), m, args[3:])
		n.put("Meter", m)
	case "pg-del", "as-del":
		n.remove(id(args[1]))
	case "claim":
		n.claim(args[1], &Claim{args[2], args[3] == "up"})
	case "unclaim":
		n.claim(args[1], nil)
	case "chassis":
		n.addChassis(args[1], args[2], true)
	case "global":
		options := map[string]string{}
		for _, kv := range args[1:] {
			k, v, _ := strings.Cut(kv, "=")
			options[k] = v
		}
		n.put("NB_Global", &nb.NBGlobal{Header: schema.Header{UUID: id("global")}, Options: options})
	default:
		t.Fatalf("unknown command %q", args)
	}
}

func (n *network) sample(t *testing.T, args []string) {
	t.Helper()
	s := &nb.Sample{Header: schema.Header{UUID: id(args[1])}}
	for i, text := range args[2:] {
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			s.Metadata = number
			continue
		}
		u := id(fmt.Sprint(args[1], " collector ", i))
		n.put("Sample_Collector", &nb.SampleCollector{Header: schema.Header{UUID: u}, ID: int64(i), SetID: int64(100 * i), Probability: number})
		s.Collectors = append(s.Collectors, u)
	}
	n.put("Sample", s)
}

// setColumns sets columns to values: k=v,… for maps, elements separated by
// commas for sets.
func setColumns(t *testing.T, table *schema.Table, row schema.Row, args []string) {
	t.Helper()
	for ; len(args) >= 2; args = args[2:] {
		var err error
		for _, atom := range []func(string) schema.Atom{schema.StringAtom, intAtom, boolAtom, uuidAtom} {
			if err = table.Column(args[0]).Set(row, datum(args[1], atom)); err == nil {
				break
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func datum(s string, atom func(string) schema.Atom) schema.Datum {
	var d schema.Datum
	for _, p := range slices.Sorted(slices.Values(strings.Split(s, ","))) {
		k, v, isMap := strings.Cut(p, "=")
		d.Keys = append(d.Keys, atom(k))
		if isMap {
			d.Values = append(d.Values, atom(v))
		}
	}
	return d
}

func intAtom(s string) schema.Atom {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return schema.StringAtom(s)
	}
	return schema.IntAtom(n)
}

func uuidAtom(s string) schema.Atom {
	u, err := schema.ParseUUID(s)
	if err != nil {
		return schema.StringAtom(s)
	}
	return schema.UUIDAtom(u)
}

func boolAtom(s string) schema.Atom { return schema.BoolAtom(s == "true") }

func (n *network) golden(t *testing.T, name string, out Output) string {
	empty := newNetwork(Options{})
	empty.putLS(empty.ls("empty"))
	empty.apply(t)
	var b bytes.Buffer
	what, rest, _ := strings.Cut(name, " ")
	switch sw, stage, _ := strings.Cut(rest, " "); what {
	case "flows":
		if sw == "" {
			sw, n, empty = "empty", empty, newNetwork(Options{})
		}
		base := empty.flowsOf("empty")
		for _, f := range n.flowsOf(sw) {
			if at, _, _ := strings.Cut(f, " "); strings.HasSuffix(at, stage) && !slices.Contains(base, f) {
				fmt.Fprintln(&b, f)
			}
		}
	case "rows":
		n.writeRows(&b)
	case "problems":
		for _, p := range n.c.Problems() {
			fmt.Fprintf(&b, "%s %s %s: %s\n", p.Table, p.Name, p.Column, p.Reason)
		}
	case "back":
		for _, ch := range out.NB {
			p := ch.New.(*nb.LogicalSwitchPort)
			fmt.Fprintf(&b, "%s %v: up %v", p.Name, ch.Columns, *p.Up)
			if p.Tag != nil {
				fmt.Fprintf(&b, " tag %d", *p.Tag)
			}
			fmt.Fprintln(&b)
		}
	default:
		t.Fatalf("unknown file %q", name)
	}
	return b.String()
}

// writeRows writes the southbound rows with names for UUIDs.
func (n *network) writeRows(b *bytes.Buffer) {
	var lines []string
	for _, ch := range n.rows {
		switch row := ch.New.(type) {
		case *nb.LogicalSwitch:
			lines = append(lines, row.UUID.String(), row.Name)
		case *nb.ACL:
			lines = append(lines, row.UUID.String(), "<"+text(row.Name)+">")
		case *nb.MeterBand:
			lines = append(lines, row.UUID.String(), "<band>")
		case *nb.LogicalSwitchPort:
			lines = append(lines, row.UUID.String(), row.Name)
		}
	}
	for _, c := range n.chassis {
		lines = append(lines, c.UUID.String(), c.Name)
	}
	names := strings.NewReplacer(lines...)
	var rows []string
	for table, all := range n.sb {
		for _, row := range all {
			text := table + " " + string(schema.EncodeRow(sb.Schema().Table(table), row, nil))
			switch row := row.(type) {
			case *sb.MulticastGroup:
				text += " ports " + n.sortedNames(row.Ports)
			case *sb.LogicalDPGroup:
				text += " datapaths " + n.sortedNames(row.Datapaths)
			case *sb.PortGroup:
				text += " ports " + strings.Join(row.Ports, " ")
			case *sb.AddressSet:
				text += " addresses " + strings.Join(row.Addresses, " ")
			}
			rows = append(rows, names.Replace(text))
		}
	}
	slices.Sort(rows)
	for _, r := range rows {
		fmt.Fprintln(b, r)
	}
}

func (n *network) sortedNames(ids []schema.UUID) string {
	var names []string
	for _, u := range ids {
		switch row := n.rows[u].New.(type) {
		case *nb.LogicalSwitch:
			names = append(names, row.Name)
		case *nb.LogicalSwitchPort:
			names = append(names, row.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestGoldenWords keeps the scenario language honest.
func TestGoldenWords(t *testing.T) {
	got := words(`lsp sw0 "a b" x # no comment within`)
	if !slices.Equal(got, []string{"lsp", "sw0", "a b", "x"}) {
		t.Errorf("%q", got)
	}
}
