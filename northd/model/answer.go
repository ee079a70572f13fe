package model

import (
	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/northd/pipeline"
)

// SendBack outputs a packet by the port that it came in by.
func SendBack() []lflow.Action {
	return []lflow.Action{
		lflow.Move{Dst: lflow.Outport, Src: lflow.Inport},
		pipeline.Set(pipeline.Loopback), // the flag of routers, too
		lflow.Output{},
	}
}

// AnswerARP turns a request round: whatever address it is for is at mac.
func AnswerARP(mac lflow.MAC) []lflow.Action {
	return append([]lflow.Action{
		lflow.Move{Dst: lflow.EthDst, Src: lflow.EthSrc},
		lflow.SetTo(lflow.EthSrc, mac),
		lflow.SetTo(lflow.ARPOp, 2),
		lflow.Move{Dst: lflow.ARPTHA, Src: lflow.ARPSHA},
		lflow.SetTo(lflow.ARPSHA, mac),
		lflow.Exchange{A: lflow.ARPTPA, B: lflow.ARPSPA},
	}, SendBack()...)
}

// AnswerND answers a neighbour solicitation likewise, as a router.
func AnswerND(mac lflow.MAC) lflow.Action { return answerND(lflow.NestNDNARouter, mac) }

// AnswerNDAsHost answers it as a host.
func AnswerNDAsHost(mac lflow.MAC) lflow.Action { return answerND(lflow.NestNDNA, mac) }

func answerND(kind lflow.NestedKind, mac lflow.MAC) lflow.Action {
	return lflow.Nested{Kind: kind, Actions: append(lflow.Actions{
		lflow.SetTo(lflow.EthSrc, mac),
		lflow.Move{Dst: lflow.IP6Src, Src: lflow.NDTarget},
		lflow.SetTo(lflow.NDTLL, mac),
	}, SendBack()...)}
}
