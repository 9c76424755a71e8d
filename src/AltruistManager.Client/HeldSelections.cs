namespace AltruistManager.Client;

/// <summary>The greatest generation that was taken of an origin.</summary>
internal readonly record struct OriginMark(string Origin, long Generation);

/// <summary>What is held, and the rule by which something else takes its place: the greater generation of the same origin, or another origin. Pure.</summary>
/// <param name="Marks">Of origins met lately, the latest last.</param>
internal sealed record HeldSelections(SelectionSet? Current, IReadOnlyList<OriginMark> Marks)
{
    private const int Remembered = 16;

    public static readonly HeldSelections Nothing = new(null, []);

    /// <returns>What is held then; null when a manager tells what is older than what was taken of its origin.</returns>
    public HeldSelections? Take(SelectionSet told)
    {
        foreach (var mark in Marks)
        {
            if (mark.Origin == told.Origin && told.Generation < mark.Generation)
                return null;
        }

        return new HeldSelections(
            told,
            [.. Marks.Where(mark => mark.Origin != told.Origin).TakeLast(Remembered - 1), new OriginMark(told.Origin, told.Generation)]);
    }
}
