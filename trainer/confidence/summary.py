"""What `calibrate` prints: its outcome for people."""

from __future__ import annotations

from ferdesk.model.checkpoint import Card


def claims(card: Card) -> str:
    """The figures in the card of a calibrated checkpoint as text."""
    m, t = card.metrics, card.tables
    assert card.calibration is not None
    assert card.risk_coverage is not None
    lines = [
        f"temperature {card.calibration.temperature:.3f}, prediction sets from "
        f"{card.calibration.set_threshold:.3f}",
        f"valid split, n = {m['pictures']}: accuracy {m['accuracy']:.4f}, mean class "
        f"{m['mean_class_accuracy']:.4f}",
        f"ECE {m['ece_before_calibration']:.4f} -> {m['ece']:.4f}, Brier "
        f"{m['brier_before_calibration']:.4f} -> {m['brier']:.4f}",
        f"90 % sets: hold the label in {m['set_coverage']:.4f}, mean size {m['set_size']:.2f}",
        f"AUROC of being right: reliability {m['auroc_reliability']:.4f}, probability "
        f"{m['auroc_winner']:.4f}, c_t {m['auroc_c_t']:.4f}",
        f"  with all faults: reliability {m['auroc_degraded_reliability']:.4f}, probability "
        f"{m['auroc_degraded_winner']:.4f}, c_t {m['auroc_degraded_c_t']:.4f}",
        f"ECE of the reliability {m['reliability_ece']:.4f}",
        "features, with the cross-validated log loss once they joined: "
        + ", ".join(f"{r['feature']} {r['log_loss']:.4f}"
                    for r in t["reliability_features"]["joined"]),
        "left out: " + ", ".join(t["reliability_features"]["left_out"]),
        "",
        f"{'pictures':14} {'accuracy':>8} {'mean class':>10} {'face found':>10} "
        f"{'accuracy of found':>17} {'reliability':>11}",
        *(
            f"{r['pictures']:14} {r['accuracy']:8.4f} {r['mean_class_accuracy']:10.4f} "
            f"{r['found']:10.4f} {r['accuracy_of_found']:17.4f} {r['mean_reliability']:11.4f}"
            for r in t["degradations"]
        ),
        "",
        f"{'no photograph':14} {'fitted on':>9} {'found':>8} {'reliability':>11} {'labelled':>8} "
        f"{'without novelty':>15}",
        *(
            f"{r['pictures']:14} {'yes' if r['fitted'] else 'no':>9} {r['found']:8.4f} "
            f"{r['mean_reliability']:11.4f} {r['labelled']:8.4f} {r['labelled_without']:15.4f}"
            for r in t["strange"]
        ),
        "",
        f"{'threshold':>9} {'coverage':>8} {'wrong':>8} {'at most':>8} {'measured':>17}",
        *(
            f"{a.threshold:9.3f} {a.coverage:8.3f} {a.error:8.4f} {b['promised']:8.4f} "
            f"{b['coverage']:8.3f} {b['error']:8.4f}"
            for a, b in zip(card.risk_coverage.rows, t["risk_coverage"], strict=True)
        ),
        "",
        "the portrait (a broad smile):",
        *(
            f"{r['picture']:14} {r['label']:10} happiness {r['happiness']:.4f}"
            for r in t["invariances"]
        ),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
