package lower

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// TestJudgeGroups: the groups that actions need are well formed to Open
// vSwitch. What their buckets hold is checked as it is in a flow.
func TestJudgeGroups(t *testing.T) {
	var stream []byte
	var texts []string
	env := vectorEnv()
	for _, actions := range []string{
		`ct_lb(backends=[fd0f::2]:80,[fd0f::3]:80; skip_snat);`,
		`ct_lb_mark(backends=10.0.0.2:80,10.0.0.3:80; hash_fields="` + strings.Join(lflow.HashFields(), ",") + `"; force_snat);`,
		`ct_lb_mark_local(backends="lsp1":10.0.0.2);`,
		`reg8[16..31] = select(1=20, 2=65535, 3=50);`,
		`xxreg0 = select(values=(1, 2); hash_fields="ip_src,ip_dst");`,
		`fwd_group(childports="lsp1", "lsp2");`,
		`fwd_group(liveness="true", childports="lsp1", "lsp2");`,
	} {
		env.Group = func(_ string, body ofp.GroupBody) uint32 {
			texts = append(texts, actions)
			stream = ofp.AppendGroupMod(stream, 1, ofp.GroupCmdAdd, uint32(len(texts)), body)
			return uint32(len(texts))
		}
		f := Logical{Pipeline: lflow.Ingress, Match: "1", Actions: actions}
		s := newScratch()
		s.call = call{f: &f, cookie: 1, env: env}
		p := new(program)
		err := s.compile(&s.arena, p)
		cacheable := !s.asked
		_, asked, err2 := s.encode(p.actions)
		if err != nil || err2 != nil || !cacheable || !asked {
			t.Errorf("%s: cacheable %v, asked for a group %v, %v, %v", actions, cacheable, asked, err, err2)
		}
	}
	if _, err := exec.LookPath("ovs-ofctl"); err != nil {
		t.Log("no ovs-ofctl here to judge the messages")
		return
	}
	file := filepath.Join(t.TempDir(), "groups")
	if err := os.WriteFile(file, stream, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ovs-ofctl", "ofp-parse", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	messages := strings.Split(string(out), "OFPT_GROUP_MOD")[1:]
	if len(messages) != len(texts) {
		t.Fatalf("%d messages, %d read:\n%s", len(texts), len(messages), out)
	}
	for i, m := range messages {
		if strings.Contains(m, "***") || strings.Contains(m, "rror") {
			t.Errorf("%s: %s", texts[i], m)
		}
	}
}

// TestHashFields: every field that can be hashed over is one of OpenFlow, and a
// port without a protocol that of each protocol that has ports.
func TestHashFields(t *testing.T) {
	for _, name := range lflow.HashFields() {
		if slices.Contains(hashed(name), noField) {
			t.Errorf("no field %s", name)
		}
	}
	want := []ofp.Field{ofp.TCPSrc, ofp.UDPSrc, ofp.SCTPSrc, ofp.UDPDst}
	if got := selectGroup("tcp_src,tp_src,udp_dst").Fields; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
