package northd_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/northd"
	"github.com/weft-sdn/weft/northd/graph"
	"github.com/weft-sdn/weft/northd/northdtest"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

const (
	manual   = "../docs/options.md"
	features = "../../shared/FEATURES.md" // what OVN documents, where it is at hand
)

// TestOptionsManual: docs/options.md is what the declarations say.
func TestOptionsManual(t *testing.T) {
	want := optionsManual(northd.New(northd.Options{}).Graph)
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(manual, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/options.md does not say what features declare: go test ./northd -run TestOptionsManual -update")
	}
}

// optionsManual is a table of all options: those that features declare, and
// those of OVN's manual that none reads.
func optionsManual(g *graph.Graph) []byte {
	var b bytes.Buffer
	b.WriteString(`# Options

The keys of map columns of the Northbound database: those of OVN's manual, ovn-nb(5), and what weft
makes of them. What is not read yet is stored and shown, and has no effect; ` + "`weftctl status`" + ` says how
many rows ask for it. This page is made from the declarations in the features' code.

| table | column | key | value | default | meaning |
|---|---|---|---|---|---|
`)
	declared := map[string]graph.Declaration{}
	var rows []string
	for _, d := range g.Options() {
		declared[d.Table+" "+d.Column+" "+d.Key] = d
		rows = append(rows, fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", d.Table, d.Column, d.Key, d.Type, d.Default, d.Doc))
	}
	for _, o := range nb.AllOptions() {
		for _, key := range o.Keys {
			if _, ok := declared[o.Table+" "+o.Column+" "+key]; ok {
				continue
			}
			word := "not read yet"
			switch {
			case o.Column == "status":
				word = "not written yet"
			case g.IsRead(o.Table, o.Column):
				word = "read with the whole column"
			}
			rows = append(rows, fmt.Sprintf("| %s | %s | %s | | | %s |", o.Table, o.Column, key, word))
		}
	}
	slices.Sort(rows)
	for _, r := range rows {
		fmt.Fprintln(&b, r)
	}
	return b.Bytes()
}

var (
	featureTable = regexp.MustCompile(`^\*\*(\w+)\*\*`)
	featureKey   = regexp.MustCompile(`(\w+):([^\[,\s]+?)\[`)
)

// TestOptionsAreOVNs: the list of documented options is that of OVN's.
func TestOptionsAreOVNs(t *testing.T) {
	text, err := os.ReadFile(features)
	if err != nil {
		t.Skip("the list of OVN's options is not at hand: ", err)
	}
	_, list, _ := strings.Cut(string(text), "# Appendix 1.")
	table, seen := "", 0
	for line := range strings.SplitSeq(list, "\n") {
		if m := featureTable.FindStringSubmatch(line); m != nil {
			table = m[1]
		}
		rest, ok := strings.CutPrefix(line, "  keys: ")
		if !ok {
			continue
		}
		for _, m := range featureKey.FindAllStringSubmatch(rest, -1) {
			if column, key := m[1], m[2]; column != "external_ids" {
				seen++
				if !nb.IsOption(table, column, key) {
					t.Errorf("%s %s:%s is missing", table, column, key)
				}
			}
		}
	}
	have := 0
	for _, o := range nb.AllOptions() {
		have += len(o.Keys)
	}
	if seen != have || seen == 0 {
		t.Errorf("OVN documents %d keys, we have %d", seen, have)
	}
}

// TestSeveralChassis: that a port is wanted on a second chassis is said not to be
// built, and the first has it.
func TestSeveralChassis(t *testing.T) {
	n := northdtest.New(northd.Options{})
	n.PutSwitch(n.Switch("sw"))
	p := n.Port("p")
	p.Options = map[string]string{"requested-chassis": "hv1,hv2"}
	n.AddPort("sw", p)
	n.SetChassis("hv1", "host1", true)
	n.Apply(t)
	var got []string
	for _, p := range n.C.Problems() {
		got = append(got, p.Name+" "+p.Column+": "+p.Reason)
	}
	if want := []string{"p options: requested-chassis: a second chassis beside the first: not implemented yet"}; !slices.Equal(got, want) {
		t.Errorf("problems %q, want %q", got, want)
	}
	for _, row := range n.SB["Port_Binding"] {
		if b := row.(*sb.PortBinding); b.RequestedChassis == nil {
			t.Errorf("%s: no chassis is requested", b.LogicalPort)
		}
	}
}
