namespace AltruistManager.Health;

/// <summary>Woken after verdicts were written. Implemented by Selection.</summary>
public interface IVerdictObserver
{
    Task VerdictsWrittenAsync(CancellationToken cancellation);
}
