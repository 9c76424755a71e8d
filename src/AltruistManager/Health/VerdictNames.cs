namespace AltruistManager.Health;

/// <summary>The names of states as they are stored and published.</summary>
public static class VerdictNames
{
    private static readonly Dictionary<VerdictState, string> Names = Enum.GetValues<VerdictState>().ToDictionary(
        state => state, state => state == VerdictState.WrongChain ? "wrong-chain" : state.ToString().ToLowerInvariant());

    public static string Of(VerdictState state) => Names[state];

    public static VerdictState Parse(string name) => name == "wrong-chain" ? VerdictState.WrongChain : Enum.Parse<VerdictState>(name, ignoreCase: true);
}
