package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/weft-sdn/weft/e2e"
)

const banner = `
You are in a weft sandbox. It is taken down when you leave this shell.

  ovn-nbctl, ovn-sbctl …   talk to this sandbox's databases: try  ovn-nbctl show
  vm1, vm2                 run a program in a VM:                 vm1 ping 192.168.0.12
  hv1, hv2, hv3            run a program on a hypervisor:         hv1 ovs-vsctl show
                                                                  hv1 ovs-ofctl dump-flows br-int
                                                                  hv1 tcpdump -ni ul
  lflow-dump, weftctl status   the logical flows; how northd is
  sb …                     any scenario command (e2e/README.md):  sb vm vm3 hv3 40:44:00:00:00:03 192.168.0.13/24
                                                                  sb vm-move vm2 hv3
                                                                  sb crash chassisd hv1; sb start chassisd hv1
  Logs and sockets are in  %s

  A third VM, for a start:
    ovn-nbctl lsp-add network1 vm3 -- lsp-set-addresses vm3 '40:44:00:00:00:03 192.168.0.13'
    sb vm vm3 hv3 40:44:00:00:00:03 192.168.0.13/24 && vm3 ping -c 3 192.168.0.11

`

// shell opens a shell with the sandbox's tools in its path, and serves `sb`.
func (t *tour) shell() error {
	bin := filepath.Join(t.s.Dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	sock := filepath.Join(t.s.Dir, "call.sock")
	l, err := net.Listen("unix", sock)
	if err != nil {
		return err
	}
	defer l.Close()
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if err := script(bin, "sb", fmt.Sprintf("exec %s -call %s -- \"$@\"", exe, sock)); err != nil {
		return err
	}
	if err := t.places(bin); err != nil {
		return err
	}
	go t.serve(l, bin)
	rc := filepath.Join(t.s.Dir, "bashrc")
	if err := os.WriteFile(rc, []byte("PS1='weft \\w \\$ '\n"), 0o644); err != nil {
		return err
	}
	fmt.Printf(banner, t.s.Dir)
	cmd := exec.Command("bash", "--rcfile", rc)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+t.s.Bin+":/usr/sbin:/sbin:"+os.Getenv("PATH"),
		"OVN_NB_DB=unix:"+t.s.Dir+"/nb.sock", "OVN_SB_DB=unix:"+t.s.Dir+"/sb.sock", "SANDBOX="+t.s.Dir)
	_ = cmd.Run() // how the last command of the shell ended does not matter
	return nil
}

func script(dir, name, body string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755)
}

// places writes one small program per hypervisor and VM, and those that need
// to know where northd is.
func (t *tour) places(bin string) error {
	for _, p := range t.s.Places() {
		cmd, cancel, err := t.s.Command(context.Background(), p, "true")
		if err != nil {
			return err
		}
		cancel()
		var env []string
		for _, kv := range cmd.Env {
			if !strings.HasPrefix(kv, "TERM=") {
				env = append(env, "'"+kv+"'")
			}
		}
		ns := cmd.Args[3] // ip netns exec NS …
		body := fmt.Sprintf("[ $# -gt 0 ] || set -- bash --norc\nexec ip netns exec %s env %s \"$@\"", ns, strings.Join(env, " "))
		if err := script(bin, p, body); err != nil {
			return err
		}
	}
	for _, tool := range []string{"weftctl", "lflow-dump"} {
		if err := script(bin, tool, fmt.Sprintf("exec %s/%s --target unix:%s/northd.sock \"$@\"", t.s.Bin, tool, t.s.Dir)); err != nil {
			return err
		}
	}
	return nil
}

// request and answer are what `sb` and the sandbox say to each other.
type request struct {
	Dir  string
	Line []string
}

type answer struct {
	Stdout, Stderr, Err string
}

func (t *tour) serve(l net.Listener, bin string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		// One at a time: a sandbox belongs to one goroutine.
		t.answer(c, bin)
		c.Close()
	}
}

func (t *tour) answer(c net.Conn, bin string) {
	var r request
	if json.NewDecoder(c).Decode(&r) != nil {
		return
	}
	var out, errOut bytes.Buffer
	err := t.s.Do(context.Background(), r.Dir, &out, &errOut, r.Line...)
	if err == nil {
		err = t.places(bin)
	}
	a := answer{Stdout: out.String(), Stderr: errOut.String()}
	if err != nil {
		a.Err = err.Error()
	}
	_ = json.NewEncoder(c).Encode(a)
}

// callMain is `sb`: it has the sandbox run a line.
func callMain(sock string, line []string) int {
	fail := func(err error) int { fmt.Fprintln(os.Stderr, "sb:", err); return 1 }
	if len(line) == 0 {
		fmt.Println("sb COMMAND [ARG]…, where the command is one of")
		fmt.Println("  " + strings.Join(e2e.Usages(), "\n  "))
		return 2
	}
	c, err := net.Dial("unix", sock)
	if err != nil {
		return fail(err)
	}
	defer c.Close()
	dir, err := os.Getwd()
	if err != nil {
		return fail(err)
	}
	if err := json.NewEncoder(c).Encode(request{dir, line}); err != nil {
		return fail(err)
	}
	var a answer
	if err := json.NewDecoder(c).Decode(&a); err != nil {
		return fail(err)
	}
	fmt.Print(a.Stdout)
	fmt.Fprint(os.Stderr, a.Stderr)
	if a.Err != "" {
		fmt.Fprintln(os.Stderr, "sb:", a.Err)
		return 1
	}
	return 0
}
