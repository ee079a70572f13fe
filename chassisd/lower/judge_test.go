package lower

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// TestJudge: what comes out for every field and every action is well formed
// to Open vSwitch, prerequisites included. ovs-ofctl is the judge where it is
// installed.
func TestJudge(t *testing.T) {
	var stream []byte
	var texts []string
	l, env := New(), vectorEnv()
	add := func(match, actions string) {
		f := Logical{Pipeline: lflow.Ingress, Table: 5, Priority: 7, Match: match, Actions: actions}
		flows, err := l.Flow(nil, &f, 1, env)
		if err != nil || len(flows) == 0 {
			t.Errorf("%s: %s: %d flows, %v", match, actions, len(flows), err)
		}
		for _, f := range flows {
			stream = ofp.AppendFlowMod(stream, 1, &ofp.FlowMod{Table: f.Table, Priority: f.Priority, Cookie: f.Cookie, Match: f.Match, Actions: f.Actions})
			texts = append(texts, match+": "+actions)
		}
	}
	for _, s := range lflow.Standard().All() {
		switch {
		case s.Kind == lflow.KindVirtual:
			continue
		case s.IsString():
			add(s.Name+` == "lsp1"`, "next;")
			add("1", s.Name+` = "lsp1"; next;`)
			continue
		case s.Level == lflow.Ordinal && s.Width > 1:
			add(fmt.Sprintf("%s[1..%d] == 1", s.Name, s.Width-1), "next;")
		}
		add(s.Name+" == 1", "next;")
		add(fmt.Sprintf("%s[0..%d] == 1", s.Name, s.Width-1), "next;")
		if s.Kind != lflow.KindPredicate || s.Level == lflow.Boolean {
			add("!"+s.Name, "next;")
			add("reg1[5] || !("+s.Name+" && reg0[3])", "next;")
		}
		if s.Access == lflow.ReadWrite || s.Access == lflow.IngressOnly {
			add("1", s.Name+" = 1; next;")
		}
		if s.Access == lflow.ReadWrite && s.Level == lflow.Ordinal && s.Width > 1 && s.Width <= 64 {
			add("1", fmt.Sprintf("%s[1..%d] = 1; next;", s.Name, s.Width-1))
		}
		if s.Kind != lflow.KindPredicate && s.Width > 1 {
			add("1", fmt.Sprintf("xxreg1[0..%d] = %s; next;", s.Width-1, s.Name))
			if s.Access == lflow.ReadWrite {
				add("1", fmt.Sprintf("xxreg1[0..%d] <-> %s; next;", s.Width-1, s.Name))
			}
		}
	}
	for _, row := range lflow.ActionTable() {
		add("1", row.Example)
	}
	if _, err := exec.LookPath("ovs-ofctl"); err != nil {
		t.Log("no ovs-ofctl here to judge the messages")
		return
	}
	file := filepath.Join(t.TempDir(), "flows")
	if err := os.WriteFile(file, stream, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ovs-ofctl", "ofp-parse", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	messages := strings.Split(string(out), "OFPT_FLOW_MOD")[1:]
	if len(messages) != len(texts) {
		t.Fatalf("%d messages, %d read", len(texts), len(messages))
	}
	for i, m := range messages {
		if strings.Contains(m, "***") || strings.Contains(m, "rror") {
			t.Errorf("%s: %s", texts[i], m)
		}
	}
	t.Logf("%d messages", len(messages))
}
