namespace Raop.Sending;

/// <summary>What a member of a group is doing, and why: read and changed as a whole.</summary>
/// <param name="State">What it is doing.</param>
/// <param name="Cause">Why it was lost or could not be reached, or null.</param>
/// <param name="Detail">More to say, or null.</param>
internal sealed record MemberCondition(RaopMemberState State, RaopException? Cause = null, string? Detail = null)
{
    /// <summary>It plays.</summary>
    public static readonly MemberCondition Playing = new(RaopMemberState.Playing);
}
