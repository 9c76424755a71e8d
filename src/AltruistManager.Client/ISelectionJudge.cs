namespace AltruistManager.Client;

/// <summary>Has a say before picks are taken that a manager tells; for portals that want more than the rule of generations, such as a proof from the public log.</summary>
public interface ISelectionJudge
{
    /// <summary>Whether these picks may take the place of those in use. What is refused is offered again at the next occasion.</summary>
    /// <param name="manager">Who tells them.</param>
    /// <param name="told">All picks of the region.</param>
    /// <param name="cancellation">Ends with the client.</param>
    ValueTask<bool> MayBeTakenAsync(Uri manager, SelectionSet told, CancellationToken cancellation);
}
